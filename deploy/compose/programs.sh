#!/bin/sh
# Starts the programs of the first five faculties of the catalogue at once, and waits for their replies:
#   programs.sh SEMESTER CLASSROOMS LABS
# The address of a faculty is its name in lower case, with "-" for a space, and a file of that name has its public key. Exit code 0: each program got all that it wanted.
set -eu
keys=${KEYS:-/run/dti}
waiting=
while IFS=, read -r faculty program; do
  address=$(echo "$faculty" | tr 'A-Z ' 'a-z-')
  program --name="$program" --semester="$1" --classrooms="$2" --labs="$3" --faculty-server="$address:5000" \
    --key="$keys/programs.key" --server-key="$(cat "$keys/$address")" --output-dir=/tmp &
  waiting="$waiting $!"
done <<END
$(sed -n 2,26p "${CATALOG:-/etc/dti/catalog.csv}")
END
failed=0
for process in $waiting; do
  wait "$process" || failed=$((failed + 1))
done
echo "$failed programs did not get all that they wanted"
[ "$failed" = 0 ]
