#!/bin/sh
# Installs, as root on Debian, what some tests compare with or drive: pgbouncer, PgQ's and Londiste's programs, and where Debian
# has them PostgreSQL 15 with their extensions. Tests skip, and say so, where something is missing.
set -eu
export DEBIAN_FRONTEND=noninteractive

clients='pgbouncer pgqd python3-londiste'
servers='postgresql-15 postgresql-15-pgq3 postgresql-15-pgq-node postgresql-15-londiste-sql'
# shellcheck disable=SC2086 # several packages
dpkg -s $clients $servers >/dev/null 2>&1 && exit 0

# A cluster of Debian's own would only take a port and memory.
mkdir -p /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/peers.conf

apt-get update -q
status=0
for packages in "$clients" "$servers"; do
  # shellcheck disable=SC2086
  apt-get install -yq --no-install-recommends $packages || status=1
done
exit $status
