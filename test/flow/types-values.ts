/** Values of every kind that a column can hold, at their extremes, as SQL expressions. */

export interface TypeValues {
  /** The column's name and, unless `type` says otherwise, its type. */
  name: string;
  type: string;
  /** The first version of PostgreSQL that has it. */
  since: number;
  values: string[];
}

/** Types that the values need. On both sides, before the tables; `since` as above. */
export const typeDefinitions: [since: number, sql: string][] = [
  [
    10,
    `create schema "Odd types";
     create type public.mood as enum ('sad', 'it''s \\ "ok"', 'hä, {?}', 'NULL', '');
     create type public.inner_pair as (a int, "B ""b""" text);
     create type "Odd types"."outer" as (pair public.inner_pair, pairs public.inner_pair[], at timestamptz, span interval, raw bytea, f float8, m mood);
     create domain public.positive as int check (value > 0);
     create domain public.more_positive as positive check (value > 10);
     create domain public.short_list as int[] check (cardinality(value) < 5);
     create domain public.code as varchar(5) collate "C" check (value ~ '^[a-z]*$');
     create domain public.document as json;
     create domain public.binary_document as jsonb check (jsonb_typeof(value) <> 'none');
     create domain public.percent as numeric(5,2);
     create type public.float_range as range (subtype = float8, subtype_diff = float8mi);
     create type public.text_range as range (subtype = text, collation = "C");
     create type public.own_json as enum ('one', 'two');
     create function public.own_json_to_json(own_json) returns json language sql immutable as $$ select json_build_object('lie', 1) $$;
     create cast (own_json as json) with function public.own_json_to_json(own_json);
     create type public.cast_pair as (x int, y text);
     create function public.cast_pair_to_json(cast_pair) returns json language sql immutable as $$ select '"other"'::json $$;
     create cast (cast_pair as json) with function public.cast_pair_to_json(cast_pair);`,
  ],
  [
    11,
    `create domain public.checked_pair as inner_pair check ((value).a is null or (value).a <> 13); create domain public.moods as mood[]`,
  ],
];

/** As a superuser, on both sides: a base type, and one with its own cast to json, without C. */
export const baseTypes = `
  create type public.label;
  create function public.label_in(cstring) returns label language internal immutable strict as 'textin';
  create function public.label_out(label) returns cstring language internal immutable strict as 'textout';
  create type public.label (input = public.label_in, output = public.label_out, like = text);
  create function public.label_to_json(label) returns json language sql immutable as $$ select '{"b":1,"a":2}'::json $$;
  create cast (label as json) with function public.label_to_json(label);
  create cast (text as label) without function;`;

const of = (type: string, values: string[], since = 10, name = type): TypeValues => ({
  name,
  type,
  since,
  values: values.map((value) => (value.startsWith('=') ? value.slice(1) : `${quote(value)}::${type}`)),
});

function quote(value: string): string {
  return value.includes('\\')
    ? ` E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${value.replaceAll("'", "''")}'`;
}

const hard = [
  '',
  ' ',
  'NULL',
  'null',
  `"'`,
  '\\',
  '\\N',
  '\\.',
  'a\tb\nc\rd',
  '{"a": 1}',
  '☃ 𝄞 é é',
  '%s $1 $$ :x',
  '\u0001\u007f',
  'true',
];

const numbers = [
  of('bool', ['t', 'f']),
  of('int2', ['-32768', '32767', '0']),
  of('int4', ['-2147483648', '2147483647', '0']),
  of('int8', ['-9223372036854775808', '9223372036854775807', '9007199254740993']),
  of('numeric', [
    'NaN',
    '0',
    '0.000',
    '-1.50',
    '1e-16383',
    "=repeat('9', 1000)::numeric",
    "=(repeat('9', 131072) || '.5')::numeric",
    '12345678901234567890.123456789012345678900',
  ]),
  of('numeric', ['Infinity', '-Infinity'], 14, 'numeric infinite'),
  of('numeric(5,2)', ['999.99', '-0.01', 'NaN']),
  of('numeric(3,-2)', ['99900', '-100'], 15),
  of('numeric(2,4)', ['0.0099', '-0.0001'], 15),
  of('float4', ['NaN', 'Infinity', '-Infinity', '-0', '1e-45', '3.4028235e38', '0.1', '16777217']),
  of('float8', [
    'NaN',
    'Infinity',
    '-Infinity',
    '-0',
    '5e-324',
    '1.7976931348623157e308',
    '0.1',
    '0.30000000000000004',
    '9007199254740993',
    '1e15',
  ]),
  of('money', ['-92233720368547758.08', '92233720368547758.07', '0', '1234.5', '-0.01']),
  of('oid', ['0', '4294967295']),
];

const texts = [
  of('text', hard),
  of('text', ["=repeat('ä\"\\n', 300000)", '', '1', '2', '3', '4', '5', '6', '7'], 10, 'long text'),
  of('varchar(20)', hard),
  of('varchar', hard, 10, 'varchar free'),
  of('char(7)', ['', ' a ', 'abcdefg', '\t']),
  of('char(1)', ['', 'x', '"'], 10, 'char1'),
  of('bpchar', ['trailing   ', ''], 10, 'bpchar free'),
  of('"char"', ['a', '\\', '', '"']),
  of('name', ['', 'A "name"', "=repeat('n', 63)::name"]),
  of('bytea', ['', "=decode('00ff5c27220a0d', 'hex')", "=decode(repeat('00ff', 100000), 'hex')"]),
  of('bit(5)', ['00000', '10101']),
  of('varbit', ['', '1', "=repeat('10', 100)::varbit"]),
  of('uuid', ['00000000-0000-0000-0000-000000000000', 'FFFFFFFF-ffff-ffff-ffff-ffffffffffff']),
  of('xml', ['<a/>', 'not a document', '<a b="&quot;"> </a><c/>', '<!-- - --><x>é</x>', '']),
  of('tsvector', [`'it''s':1A,3B 'a\\\\b':2 " ":4`, '']),
  of('tsquery', [`'it''s' & !( 'b':*A | c ) <-> d <3> e`, '']),
  of('refcursor', ['<unnamed portal 1>', '']),
];

const times = [
  of('date', [
    'infinity',
    '-infinity',
    '0044-03-15 BC',
    '4714-11-24 BC',
    '5874897-12-31',
    '2024-02-29',
    '12345-01-02',
    '0001-01-01',
  ]),
  of('time', ['00:00', '24:00:00', '23:59:59.999999']),
  of('time(2)', ['12:34:56.78']),
  of('timetz', ['00:00-15:59', '24:00:00+15:59', '12:00:00.5+05:30', "='12:00+01:02:03'::timetz"]),
  of('timestamp', [
    'infinity',
    '-infinity',
    '4713-01-01 00:00:00 BC',
    '294276-12-31 23:59:59.999999',
    '0001-01-01 00:00:00 BC',
    '2024-12-31 23:59:59.5',
    '12345-06-07 08:09:10',
  ]),
  of('timestamptz', [
    'infinity',
    '-infinity',
    '4713-01-02 00:00:00+00 BC',
    '294276-12-31 23:59:59.999999+00',
    '1900-01-01 00:00:00+00',
    '2024-03-31 01:30:00+00',
    '2024-10-27 00:30:00+00',
    '0100-01-01 00:00:00+00 BC',
  ]),
  of('timestamptz(0)', ['2024-03-31 01:30:00.6+00']),
  of('interval', [
    '0',
    '1 mon -1 day +00:00:00.000001',
    '-178000000 years',
    '178000000 years',
    '-1 mon +30 days -24:00:00',
    '1 day -00:00:01',
    '-0.000001 s',
    '14 mon',
    '2147483647:59:59',
    '-1 year -2 mon +3 days -04:05:06.7',
  ]),
  of('interval', ['infinity', '-infinity'], 17, 'interval infinite'),
  of('interval day to second(3)', ['3 4:05:06.789']),
  of('daterange', ['empty', '(,)', '[2020-01-01,)', '[infinity,infinity]', '[0044-03-15 BC,2020-01-01)']),
  of('tstzrange', [
    '["2020-01-01 00:00:00+00","infinity")',
    '("0044-03-15 00:00:00+00 BC","2020-06-01 00:00:00+05:30"]',
    'empty',
  ]),
  of('tsrange', ['["2020-01-03 00:00","2020-02-01 00:00")', '(-infinity,]']),
];

const documents = [
  of('json', [
    'null',
    'true',
    '1',
    '"x"',
    '""',
    ' {"b" : 1,\n "a":[ ],"b":2 } ',
    '[1e400, 0.10, -0]',
    '"\\u00e9\\u2603 \\\\ \\" \\u0000"',
    '{}',
    '[null]',
  ]),
  of('jsonb', [
    'null',
    'true',
    '1',
    '"x"',
    '{"b": 1, "a": [], "c": {"d": null}}',
    '[1.10, 1e300]',
    '"\\u00e9 \\\\ \\""',
    '{}',
    '"null"',
    '"{}"',
    '"1"',
  ]),
  of(
    'jsonpath',
    ['$', 'strict $."a b"[*] ? (@.x > 1 && @.y like_regex "^\\\\d+$" flag "i").type()', '$.*'],
    12,
  ),
  of('document', ['null', '"x"', '{"a" : 1}', ' 1 ']),
  of('binary_document', ['null', '"x"', '{"a": 1}']),
  of('json[]', ['{NULL,null,"\\"x\\"","{\\"a\\" : 1}"}', '{}']),
  of('jsonb[]', ['{NULL,null,"\\"x\\"","{\\"a\\" : 1}"}', '{}']),
];

const places = [
  of('inet', ['0.0.0.0/0', '10.1.2.3/8', '10.1.2.3', '::1', '::ffff:1.2.3.4/96', 'fe80::1/64']),
  of('cidr', ['10.0.0.0/8', '::/0', '10.1.2.3/32']),
  of('macaddr', ['08:00:2b:01:02:03']),
  of('macaddr8', ['08:00:2b:01:02:03:04:05']),
  of('point', ['(0,-0)', '(1e-300,1e300)', '(NaN,Infinity)', '(0.1,0.2)']),
  of('line', ['{1,-1,0}', '{0.1,0.2,0.3}']),
  of('lseg', ['[(0,0),(0.1,1)]']),
  of('box', ['(1,1),(0.1,0.2)']),
  of('path', ['((0,0),(1,1),(0.1,2))', '[(0,0),(1,1)]']),
  of('polygon', ['((0,0),(1,1),(2,0.3))']),
  of('circle', ['<(0.1,0.2),0.3>']),
  of('box[]', ['{(1,1),(0,0);(3,3),(2,2)}', '{}']),
];

const catalogs = [
  of('regclass', ['public.t_class', '"Odd types"."Ta ble"', '-', 'pg_class']),
  of('regtype', ['int4', '"Odd types"."outer"', 'mood[]', 'timestamp with time zone']),
  of('regproc', ['own_json_to_json', 'pg_catalog.now']),
  of('regprocedure', ['own_json_to_json(own_json)', 'abs(numeric)']),
  of('regoperator', ['+(int4,int4)', '-(none,int8)']),
  of('regrole', ['app', 'postgres', '-']),
  of('regnamespace', ['"Odd types"', 'public']),
  of('regconfig', ['english', 'simple']),
  of('regdictionary', ['simple']),
  of('regcollation', ['"C"', '"POSIX"'], 13),
  of('pg_lsn', ['0/0', 'FFFFFFFF/FFFFFFFF']),
  of('txid_snapshot', ['10:20:10,14,15', '1:1:']),
  of('pg_snapshot', ['10:20:10,14,15'], 13),
  of('xid', ['0', '4294967295']),
  of('cid', ['4294967295']),
  of('xid8', ['18446744073709551615'], 13),
  of('tid', ['(4294967295,65535)']),
  of('int2vector', ['1 2 -3', '']),
  of('oidvector', ['1 2 4294967295', '']),
];

const composed = [
  of('int4[]', [
    '{}',
    '{NULL}',
    '{1,NULL,3}',
    '{{1,2},{3,4}}',
    '[0:1]={1,2}',
    '[-5:-4][2:3]={{1,2},{3,NULL}}',
    '{{{1}}}',
  ]),
  of('bool[]', ['{t,f,NULL}', '{}']),
  of('text[]', [
    '{"",NULL,"NULL","a b","a,b","{}","\\\\","\\"","☃"}',
    '[2:2]={x}',
    '{}',
    '{{a,b},{c,"d\n"}}',
  ]),
  of('bytea[]', ["=array['\\x00ff'::bytea, ''::bytea, null]", '{}']),
  of('float8[]', ['{NaN,Infinity,-0,5e-324,0.1}', '{}']),
  of('numeric[]', ['{NaN,1.50,1e-20}']),
  of('timestamptz[]', ['{infinity,"2020-01-02 03:04:05.6+00",NULL,"0044-03-15 00:00:00+00 BC"}']),
  of('date[]', ['{infinity,2020-01-02,"0044-03-15 BC"}']),
  of('interval[]', ['{"1 mon -1 day","-00:00:01"}']),
  of('money[]', ['{"-1.5","1000"}']),
  of('char(3)[]', ['{a,"b  ",NULL,"\\"  "}']),
  of('uuid[]', ['{00000000-0000-0000-0000-000000000000}']),
  of('xml[]', ['=array[\'<a b="1"/>\'::xml, null]']),
  of('mood', ['sad', 'it\'s \\ "ok"', 'hä, {?}', 'NULL', '']),
  of('mood[]', ['{sad,"NULL",NULL,"it\'s \\\\ \\"ok\\"",""}', '{}']),
  of('inner_pair', ['(,)', '(1,)', '(,"")', '(-5,"a ""b"" \\\\ , ( ) ☃")', "=row(null, 'NULL')::inner_pair"]),
  of('inner_pair[]', ['{}', '{NULL,"(,)","(1,\\"x y\\")"}', '{{"(1,a)","(2,b)"},{"(3,c)",NULL}}']),
  of('"Odd types"."outer"', [
    '(,,,,,,)',
    `=row(row(1, 'x "y"')::inner_pair, array[row(null, null), null, row(2, '')]::inner_pair[], '2020-12-03 00:00+00', '1 mon -1 day -00:00:01', decode('00ff', 'hex'), 0.1, 'hä, {?}')::"Odd types"."outer"`,
  ]),
  of('"Odd types"."outer"[]', [
    `=array[row(null, null, 'infinity', '-1 day', '', 'NaN', null)::"Odd types"."outer", null]`,
  ]),
  of('positive', ['1', '2147483647']),
  of('more_positive', ['11']),
  of('positive[]', ['{1,NULL,3}', '[5:6]={1,2}'], 11),
  of('short_list', ['{}', '{1,2,NULL}', '[0:1]={1,2}', '{{1},{2}}']),
  of('code', ['', 'abc']),
  of('percent', ['1.50', '-999.99', 'NaN']),
  of('checked_pair', ['(,)', '(1,x)'], 11),
  of('checked_pair[]', ['{"(1,x)",NULL}'], 11),
  of('moods', ['{sad,"NULL"}', '{}'], 11),
  of('own_json', ['one', 'two']),
  of('own_json[]', ['{one,NULL}']),
  of('cast_pair', ['(1,x)', '(,)']),
  of('label', ['plain', 'a "b" \\ {', '']),
  of('int4range', ['empty', '(,)', '[1,10)', '[-2147483648,5)']),
  of('int8range', ['[1,9223372036854775807)']),
  of('numrange', ['[1.50,2.0]', '(,1e-20)', '[NaN,NaN]']),
  of('float_range', ['[0.1,0.30000000000000004)', '[-Infinity,NaN]']),
  of('text_range', ['["",a)', '["a,b","c ""d""")', '["[","\\\\")']),
  of('int4range[]', ['{"[1,2)",empty,NULL,"(,)"}']),
  of('int4multirange', ['{}', '{[1,3),[5,)}'], 14),
  of(
    'tstzmultirange',
    ['{["2020-01-01 00:00:00+00","2020-02-01 00:00:00+00"),["2021-01-01 00:00:00+00",infinity)}'],
    14,
  ),
  of('nummultirange[]', ['{"{[1.50,2.0]}",NULL,"{}"}'], 14),
];

export const typeValues: TypeValues[] = [
  ...numbers,
  ...texts,
  ...times,
  ...documents,
  ...places,
  ...catalogs,
  ...composed,
];
