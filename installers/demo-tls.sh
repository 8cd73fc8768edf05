#!/bin/sh
# Serves the folder $1 over TLS on the loopback address, by nginx, with a
# certificate from an authority made for it: $2/ca.pem. Prints its address once
# it answers, and stays. `cargo demo` runs it.
set -eu
site=$1
at=$2
mkdir -p "$at"

quietly() {
    "$@" 2>"$at/log" || { cat "$at/log" >&2; exit 1; }
}

quietly openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Demo authority" \
    -keyout "$at/ca.key" -out "$at/ca.pem"
quietly openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" \
    -keyout "$at/server.key" -out "$at/server.csr"
printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >"$at/server.ext"
quietly openssl x509 -req -in "$at/server.csr" -CA "$at/ca.pem" -CAkey "$at/ca.key" \
    -CAcreateserial -days 2 -extfile "$at/server.ext" -out "$at/server.pem"

# A port on which nobody answers.
port=$((20000 + $$ % 20000))
while curl --silent --output /dev/null "http://127.0.0.1:$port/"; do
    port=$((port + 1))
done

user=
[ "$(id -u)" != 0 ] || user="user root;"
cat >"$at/nginx.conf" <<CONF
daemon off; master_process off; $user pid $at/nginx.pid; error_log $at/error.log;
events {}
http {
  access_log off;
  client_body_temp_path $at/t1; proxy_temp_path $at/t2; fastcgi_temp_path $at/t3;
  uwsgi_temp_path $at/t4; scgi_temp_path $at/t5;
  server {
    listen 127.0.0.1:$port ssl;
    ssl_certificate $at/server.pem; ssl_certificate_key $at/server.key;
    root $site;
  }
}
CONF

(
    tries=0
    until curl --silent --output /dev/null --cacert "$at/ca.pem" "https://localhost:$port/"; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || exit 1
        sleep 0.1
    done
    echo "nginx serves $site at https://localhost:$port"
) &
exec nginx -e "$at/error.log" -c "$at/nginx.conf"
