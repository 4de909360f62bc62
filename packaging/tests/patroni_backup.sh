# A part of the check `patroni`, which sources it: the commands of docs/backup.md for Patroni, as they are written there.
echo "== a backup, with the commands of docs/backup.md"
block() { # SECTION NUMBER: that block of commands below the heading
  (cd "$project" && python3 -B -c '
import sys
from tests_py.harness.commands import blocks_of
print("set -euo pipefail", *blocks_of("docs/backup.md", sys.argv[1])[int(sys.argv[2])], sep="\n")' "### Patroni: $1" "$2")
}
run_block() { # NAME SECTION NUMBER: on that VM
  on "$1" inside bash -c "$(block "$2" "$3" | sed "s/2025-10-01/$(date +%F)/")"
}
claim "the primary writes a dump" run_block "$leader" "a dump" 0
claim "a program gets rooms after it" until_true 300 ask "${programs[4]}" "$sixth" 1 0
claim "the ledger has them" test "$(granted)" = "180|50|0"
on $server inside systemctl stop dti-server
claim "the dump is restored on the primary" run_block "$leader" "a dump" 1
claim "the ledger is that of the dump" test "$(granted)" = "179|50|0"
on $server inside systemctl start dti-server
claim "the server leads with it" until_true 120 leads
claim "dtictl verify finds no difference" run_block $server "a dump" 2
claim "the program that was lost gets its rooms again" until_true 300 ask "${programs[4]}" "$sixth" 1 0
standby=$(with_role Replica)
claim "a standby makes a base backup, which is complete" run_block "$standby" "a base backup and the log" 0
archives() { # a program that copies to another disk, in place of one that copies to another machine
  local name
  for name in "${nodes[@]}"; do
    on "$name" inside bash -c 'install -d -o postgres -m 700 /archive && install -m 755 /dev/stdin /usr/local/bin/archive' <<'END' || return 1
#!/bin/sh
cp "$1" "/archive/$2"
END
  done
}
claim "each VM has a program for the archive" archives
claim "patronictl changes the settings" run_block "$leader" "a base backup and the log" 1
restart_postgresql() {
  local name
  for name in $(printf '%s\n' "${nodes[@]}" | grep -v "$leader") "$leader"; do
    on "$name" inside "${patroni[@]}" restart dti "$name" --force && whole || return 1
  done
}
claim "PostgreSQL restarts, one node after the other" restart_postgresql
leader=$(with_role Leader)
sql -d postgres -c 'SELECT pg_switch_wal()' >"$work/switched"
has_archived() { [ -n "$(on "$leader" inside ls /archive)" ]; }
claim "the primary archives its log" until_true 120 has_archived
claim "the cluster is whole" whole
claim "the server leads" until_true 120 leads
