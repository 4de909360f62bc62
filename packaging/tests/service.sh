# Runs the service where systemd does not run, for the checks of the packages. It needs claims.sh, and in `packages` the
# folder of the packages.
work=$(mktemp -d)
chmod 755 "$work"
config=/etc/dti/dti.toml
state=/var/lib/dti
keys=/etc/dti/keys.toml
server=
server_deb=$(echo "$packages"/dti-server_*.deb)
unit=$(dpkg-deb --contents "$server_deb" | sed -n 's|.* \.\(/.*/dti-server.service\)$|\1|p')

as_dti() { setpriv --reuid=dti --regid=dti --clear-groups "$@"; }
as_reader() { setpriv --reuid=nobody --regid=dti --clear-groups "$@"; } # another user, of the group
# The endpoints of the config file of the package, with free ports; the tests of another file change this.
listen=(DTI_LISTEN=curve://127.0.0.1:0,tcp://127.0.0.1:0)
# The service's command line, as its user.
launch_server() {
  local command user
  command=$(sed -n 's/^ExecStart=//p' "$unit")
  user=$(sed -n 's/^User=//p' "$unit")
  : >"$work/server.out"
  # Ports 0, because other servers may run beside this root.
  # shellcheck disable=SC2086  # a command line
  setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs \
    env -i PATH=/usr/bin:/bin LANG=C "${listen[@]}" DTI_HTTP=127.0.0.1:0 $command \
    >"$work/server.out" 2>"$work/server.err" </dev/null &
  server=$!
}
start_server() {
  launch_server
  address_of server || { cat "$work/server.err"; return 1; }
}
# fails_to_start TEXT: the server exits with code 1, and its log has the text.
fails_to_start() {
  launch_server
  until_true 60 has_ended || return 1
  wait "$server"
  [ $? = 1 ] && has "$1" "$work/server.err"
}
has_ended() { ! kill -0 "$server" 2>/dev/null; }
# address_of NAME: sets `address`, of the plain endpoint, and `secured`, from the lines of the process.
address_of() {
  until_true 60 is_announced "$1" || return 1
  address=$(sed -n 's|^[A-Z]* tcp://||p' "$work/$1.out")
  secured=$(sed -n 's|^[A-Z]* curve://||p' "$work/$1.out")
}
is_announced() { # the lines of all endpoints are there
  grep -q '^READY' "$work/$1.out" && { ! grep -q '^READY curve:' "$work/$1.out" || grep -q '^ALSO' "$work/$1.out"; }
}
# let_in NAME ROLE: makes the key $work/NAME.key and lets it in.
let_in() {
  local line
  line=$(cd "$work" && dtictl key new "$1") && dtictl key add --keys=$keys --role="$2" "$line"
}
server_key() { dtictl key public $state/dti.key | cut -d' ' -f1; }
stop_server() { kill -TERM "$server" && wait "$server"; }

verify() { as_reader dtictl verify --config=$config; }
query() { as_dti sqlite3 -readonly $state/dti.db "$@"; }
totals() { query </usr/share/dti/reports/totals.sql; }
ledger() { query 'SELECT * FROM ledger ORDER BY semester_id, seq'; }
is_ledger() { [ "$(ledger | md5sum)" = "$1" ]; }
