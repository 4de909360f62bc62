#!/usr/bin/env bash
# The commands that are written in Python are links to this file: scripts/NAME runs commands/NAME.py, and scripts/bench
# runs bench.
# Python is installed if it is missing. The module reads the arguments, installs what else is missing, builds and works.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
command=$(basename "$0")
module=scripts.commands.${command//-/_}
[ "$command" != bench ] || module=bench.__main__
if [ ! -x /usr/bin/python3 ]; then
  case " $* " in
    *" -h "* | *" --help "*)
      sed -n '1,/"""$/{s/"""//g;p}' "$root/${module//./\/}.py"
      echo "The options are shown once Python is there: scripts/install-dependencies demo"
      exit 0
      ;;
  esac
  "$root/scripts/install-dependencies" demo || true
  if [ ! -x /usr/bin/python3 ]; then
    echo "$command: there is no /usr/bin/python3" >&2
    [ "$command" != test ] || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
    exit 3
  fi
fi
# -P: no module of the folder that the user is in is taken for one of ours.
PYTHONPATH=$root exec /usr/bin/python3 -B -P -m "$module" "$@"
