# A part of the check `patroni`, which sources it: terraform/roll, with a stand-in for gcloud, and other certificates. It leaves
# `roll` for the next part.
echo "== another certificate of the same authority, by terraform/roll"
# Its gcloud asks this shell, which knows the systems, and gets exit code, output and errors.
mkdir "$work/tools"
mkfifo "$work/tools/ask" "$work/tools/answer"
cat >"$work/tools/gcloud" <<'END'
#!/bin/bash
cd "$(dirname "$0")" || exit 1
printf '%s\0' "$@" | base64 --wrap=0 | { cat; echo; } >ask
{ read -r status && read -r output && read -r errors; } <answer
base64 --decode <<<"$output"
base64 --decode <<<"$errors" >&2
exit "$status"
END
python3 -c '
import json
vms = lambda *names: {"value": {name: {"name": f"dti-{name}", "zone": "z", "group": f"dti-{name}", "http_port": 6080} for name in names}}
outputs = {"project": {"value": "example"}, "servers": vms("server-a", "server-b"),  # server-b does not exist
           "databases": vms("database-1", "database-2", "database-3")}
print("#!/bin/sh", "cat <<END", json.dumps(outputs), "END", sep="\n")' >"$work/tools/terraform"
chmod 755 "$work/tools/gcloud" "$work/tools/terraform"
declare -A id_of=()
gcloud() { # ARGUMENTS...
  local name
  case "$1 $2 $3" in
    "compute ssh "*)
      name=${3#dti-}
      { [ -n "${init_of[$name]:-}" ] && ! is_off "$name"; } || { echo "ERROR: $name is off" >&2; return 1; }
      of_google "$name" timeout 100 bash -c "${*: -1:1}" ;;
    "compute instances describe") echo "${id_of[${4#dti-}]:-1}" ;;
    "compute instance-groups managed")
      name=${5#dti-}
      power_off "$name" && system "$name" || return 1
      id_of[$name]=$((${id_of[$name]:-1} + 1))
      startup "$name" & ;;
    *) return 1 ;;
  esac
}
roll() { # FLAGS...: its output and errors are in the file roll
  local line arguments=() status
  (
    PATH=$work/tools:$PATH "$project/terraform/roll" "$@" "$work/tools" >"$work/roll" 2>&1
    echo "end$?" >"$work/tools/ask"
  ) &
  while read -r line <"$work/tools/ask" && [[ $line != end* ]]; do
    mapfile -d '' -t arguments < <(base64 --decode <<<"$line")
    gcloud "${arguments[@]/#--command=/}" >"$work/gcloud.out" 2>"$work/gcloud.err" </dev/null
    status=$?
    { echo $status; base64 --wrap=0 "$work/gcloud.out"; echo; base64 --wrap=0 "$work/gcloud.err"; echo; } >"$work/tools/answer"
  done
  cat "$work/roll"
  leader=$(with_role Leader)
  return "${line#end}"
}
authority=$work/vms/certificates
new_certificate() { # the commands of terraform/README.md
  "$project/terraform/certificates" "$authority" dti.internal && cp "$authority/node.pem" "$secrets/dti-database-certificate"
}
have_certificate() {
  local name
  for name in "${nodes[@]}"; do on "$name" inside cmp /etc/dti-database/node.pem - <"$authority/node.pem" || return 1; done
}
lost=$leader
started=$SECONDS
claim "terraform/certificates makes another one" new_certificate
claim "roll replaces the database VMs" roll --databases
echo "   $((SECONDS - started)) s"
in_order() { [ "$(sed -n 's/^\(database-.\) was replaced.*/\1/p' "$work/roll" | wc -l)" = 3 ] && has "$lost was replaced" <(tail -n 1 "$work/roll"); }
claim "each once, and the primary last" in_order
claim "after it has handed over" has "$lost has handed over to $leader" "$work/roll"
claim "and another node leads" is_another
claim "each VM has the certificate" have_certificate
claim "the cluster is whole" whole
claim "a program gets its rooms" until_true 300 ask "${programs[1]}" "$sixth" 1 0

echo "== another authority"
attribute_of() { awk -v path="$2" '$1 == "file" && $4 == path { print $2 }' "$work/vms/dti-$1/attributes/dti-manifest"; }
trust() { # FILE: as database_ca_certificate after an apply
  local name
  for name in "${nodes[@]}"; do cp "$1" "$work/vms/dti-$name/attributes/$(attribute_of "$name" /etc/dti-database/ca.pem)" || return 1; done
  cp "$1" "$work/vms/dti-$server/attributes/$(attribute_of "$server" /etc/dti/database-ca.pem)"
}
# A restart of each VM, the primary last, in place of its replacement: it reads the same files.
restart_all() {
  local name
  leader=$(with_role Leader)
  for name in $(printf '%s\n' "${nodes[@]}" | grep -v "$leader") "$leader"; do
    startup "$name" && on "$name" inside systemctl restart etcd patroni && whole || return 1
  done
  leader=$(with_role Leader)
  startup $server && until_true 120 leads
}
presents() { # FOLDER: whether etcd takes the certificate of that authority
  on "$leader" inside curl --silent --show-error --fail --max-time 10 --insecure --cert "$1/node.pem" "https://$leader.dti.internal:2379/version"
}
old=$authority
authority=$work/vms/certificates.new
claim "terraform/certificates makes another authority" "$project/terraform/certificates" "$authority" dti.internal
cat "$old/ca.pem" "$authority/ca.pem" >"$work/both.pem" # the command of terraform/README.md
trust "$work/both.pem"
claim "all trust both" restart_all
claim "etcd takes the old certificate" presents "$old"
claim "and already the new one" presents "$authority"
claim "it signs the certificate" new_certificate
claim "the VMs have it" restart_all
claim "each of them" have_certificate
trust "$authority/ca.pem"
claim "all trust the new authority only" restart_all
claim "etcd takes the new certificate" presents "$authority"
refuses_old() { ! presents "$old"; }
claim "and refuses the old one" refuses_old
claim "a program gets its rooms" until_true 300 ask "${programs[2]}" "$sixth" 1 0
