"""Consumers written with python-pgq, as somebody would who has used it for years: peer-consumers.py KIND INI [OPTION].

Each notes the events that it gets in a table `seen`. An event of the type `retry` is wanted once more; one of the type `die` ends
the process, the first time, before its batch is finished; so does `die late`, once the batch is committed elsewhere.
"""

import os
import sys

import pgq
import pgq.producer
import pgq.status
import skytools

NOTE = "insert into public.seen (consumer, ev_type, ev_data, ev_retry) values (%s, %s, %s, %s)"


def note(consumer, curs, events):
    for ev in events:
        if ev.type == 'die' and first_time(consumer):
            os._exit(9)
        if ev.type == 'retry' and ev.retry is None:
            ev.tag_retry(0)
        curs.execute(NOTE, [consumer.job_name, ev.type, ev.data, ev.retry])


def first_time(consumer):
    """True when no process of this consumer has died here before."""
    mark = consumer.cf.get('mark')
    if os.path.exists(mark):
        return False
    open(mark, 'w').close()
    return True


class Plain(pgq.Consumer):
    def process_batch(self, db, batch_id, event_list):
        note(self, db.cursor(), event_list)


class Coop(pgq.CoopConsumer):
    def process_batch(self, db, batch_id, event_list):
        note(self, db.cursor(), event_list)


class Elsewhere:
    """Notes in another database, in the transaction that keeps the position there."""

    def process_batch(self, db, batch_id, event_list):
        super().process_batch(db, batch_id, event_list)
        if self.late and first_time(self):
            os._exit(9)

    def process_remote_batch(self, db, batch_id, event_list, dst_db):
        events = list(event_list)
        self.late = any(ev.type == 'die late' for ev in events)
        note(self, dst_db.cursor(), events)

    late = False


class Remote(Elsewhere, pgq.RemoteConsumer):
    pass


class Serial(Elsewhere, pgq.SerialConsumer):
    pass


class Local(pgq.LocalConsumer):
    def process_local_batch(self, db, batch_id, event_list):
        note(self, db.cursor(), event_list)
        db.commit()


class Producer(skytools.DBScript):
    """Inserts one event, and copies two more in."""

    def work(self):
        self.set_single_loop(1)
        db = self.get_database('db')
        curs = db.cursor()
        queue = self.cf.get('queue_name')
        pgq.producer.insert_event(curs, queue, 'single', 'one', extra4='x')
        now = skytools.parse_iso_timestamp('2020-01-01 00:00:00+00')
        pgq.producer.bulk_insert_events(curs, [[now, 'bulk', 'two'], [now, 'bulk', 'three\t']], ['time', 'type', 'data'], queue)
        db.commit()


args = sys.argv[2:]
kinds = {
    'plain': lambda: Plain('peers', 'db', args),
    'coop': lambda: Coop('peers', 'db', args),
    'remote': lambda: Remote('peers', 'db', 'remote_db', args),
    'serial': lambda: Serial('peers', 'db', 'remote_db', args),
    'local': lambda: Local('peers', 'db', args),
    'producer': lambda: Producer('peers', args),
    'status': lambda: pgq.status.PGQStatus(args),
}
script = kinds[sys.argv[1]]()
script.start()
