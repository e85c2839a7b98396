# Shared by the gates: steps with a table of their durations, and servers for the steps. To be sourced by bash.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

# One debug build for all steps: the same features and the same directory. It is built once from scratch, so incremental
# compilation would only cost time.
export CARGO_INCREMENTAL=0
# Clippy is a compiler: one pass checks and builds. `cargo clippy` would compile all dependencies once more.
export RUSTC_WORKSPACE_WRAPPER=clippy-driver
export CARGO_TARGET_DIR=$PWD/target CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
readonly document=openapi/openapi.json older=target/openapi-3.0.json binary=target/debug/vku-partnerships
readonly npm=.ci/node_modules/.bin python=.ci/.venv/bin

logs=$(mktemp -d)
table=()
finish() {
    local status=$?
    if [ -f "$logs/tests" ]; then printf '\n' && grep -E '^(     Running|   Doc-tests|test result:)' "$logs/tests" || true; fi
    if [ -f "$logs/figures" ]; then printf '\n' && cat "$logs/figures"; fi
    printf '\n%-44s %8s\n' step seconds
    [ ${#table[@]} = 0 ] || printf '%-44s %8s\n' "${table[@]}"
    printf '%-44s %8s\n' all "$SECONDS"
    rm -rf "$logs"
    if [ "$status" = 0 ]; then printf '\nThe gate is open.\n'; else printf '\nThe gate is shut.\n'; fi
}
trap finish EXIT
# A gate that is interrupted has not passed.
trap 'exit 130' INT
trap 'exit 143' TERM

# step NAME COMMAND...: runs the command in a subshell, which `set -e` ends at the first failure. The status of the step
# is kept in a variable, because the shell ignores `set -e` within `step … || …`.
failed=
step() {
    local name=$1 log=$logs/${1%% *} began=$SECONDS
    shift
    set +e
    (set -e; "$@") >"$log" 2>&1
    status=$?
    set -e
    if [ "$status" != 0 ]; then
        printf '\n--- %s ---\n' "$name"
        cat "$log"
        name="$name: FAILED"
        failed=yes
    fi
    table+=("$name" "$((SECONDS - began))")
}

# Ends the gate if the last step failed, because the next ones need it.
needed() { [ "$status" = 0 ] || exit 1; }

# figures COMMAND...: shows the last line of the command's output at the end, even if all is well.
figures() {
    local said=$logs/said status=0
    "$@" >"$said" 2>&1 || status=$?
    cat "$said"
    tail -n 1 "$said" >>"$logs/figures"
    return "$status"
}

# later COMMAND: runs the command when the step ends. The last one runs first.
endings=
later() {
    endings="$1; $endings"
    trap "$endings" EXIT
}

# serve [DATABASE_URL]: runs a server with demo data at $base until the step ends.
serve() {
    local data
    data=$(mktemp -d "$logs/data.XXXXXX")
    : >"$data/said"
    VKU_LOG=error VKU_RATE_LIMIT=off VKU_DATABASE_URL=${1:-sqlite://$data/vku.db} \
        "$binary" serve --demo --data-dir "$data" --bind 127.0.0.1:0 >"$data/said" 2>&1 &
    later "kill $! || true; wait $! || true"
    for _ in $(seq 600); do
        base=$(sed -n 's#.*http://localhost:\([0-9]*\)/docs/.*#http://127.0.0.1:\1#p' "$data/said")
        [ -z "$base" ] || return 0
        kill -0 $! || break
        sleep 0.1
    done
    cat "$data/said"
    return 1
}

# postgres: runs a temporary cluster until the step ends, with the URL in $postgres. PostgreSQL refuses to run as root.
postgres() {
    local programs home port as=()
    programs=$(dirname "$(command -v initdb || ls /usr/local/bin/initdb /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1)")
    home=$(mktemp -d /tmp/vku-postgres.XXXXXX)
    later "rm -rf $home"
    if [ "$(id -u)" = 0 ]; then
        chown postgres: "$home"
        as=(runuser -u postgres --)
    fi
    port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
    (
        cd "$home"
        "${as[@]}" "$programs/initdb" -D data -U vku --auth=trust --encoding=UTF8 --locale-provider=icu --icu-locale=und \
            --locale=C.UTF-8 --no-sync
        "${as[@]}" "$programs/pg_ctl" -D data -l log -w -t 60 start -o "-p $port -c listen_addresses=127.0.0.1 \
            -c unix_socket_directories= -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    )
    later "cd $home && ${as[*]} $programs/pg_ctl -D data -m immediate -w stop"
    postgres=postgres://vku@127.0.0.1:$port/postgres
}

# fuzz DATABASE ROLE [OPTION...]
fuzz() {
    local database=$1 role=$2 url=
    shift 2
    if [ "$database" = postgresql ]; then
        postgres
        url=$postgres
    fi
    serve "$url"
    printf '%s, ' "$database" >>"$logs/figures"
    figures "$python/python" tests/fuzz/run.py "$base" "$role" "$@"
}

typescript_client() {
    "$npm/openapi-typescript" "$document" --output target/clients/openapi.d.ts
    "$npm/tsc" --project tests/clients/typescript
    ln -sfn "$PWD/.ci/node_modules" target/clients/node_modules
    serve
    node --input-type=module --eval "await (await import('$PWD/target/clients/typescript/main.js')).use('$base')"
}

python_client() {
    "$python/openapi-python-client" generate --path "$document" --output-path target/clients/python/vku_client \
        --meta none --overwrite
    MYPYPATH=target/clients/python "$python/mypy" --strict --cache-dir target/clients/mypy tests/clients/python/main.py
    serve
    PYTHONPATH=target/clients/python "$python/python" tests/clients/python/main.py "$base"
}

# generate LANGUAGE OPTIONS...: generates a client with openapi-generator in $client. .github/docs/clients.md has the same
# options.
generate() {
    local language=$1
    shift
    generator=$(find .ci/.venv -name openapi-generator.jar)
    client=target/clients/$language
    "$binary" openapi --v3.0 >"$older"
    rm -rf "$client"
    java -jar "$generator" generate --generator-name "$language" --input-spec "$older" --output "$client" "$@"
}

# The generator's JAR contains the JSON library that the generated code needs.
java_client() {
    local jakarta=/usr/share/java/jakarta-annotation-api.jar
    generate java --library native --additional-properties \
        openApiNullable=false,useJakartaEe=true,enumUnknownDefaultCase=true,disallowAdditionalPropertiesIfNotPresent=false
    find "$client/src/main" tests/clients/java -name '*.java' >"$client/sources"
    javac -proc:none -nowarn -d "$client/classes" -cp "$generator:$jakarta" @"$client/sources"
    serve
    figures java -cp "$generator:$jakarta:$client/classes" Main "$base" "$(grep -c '"operationId": "list_' "$document")"
}

# The generated code needs nothing but Go, which a PyPI package provides.
go_client() {
    local go
    go=$(find "$PWD/.ci/.venv" -path '*/go/bin/go' -type f | head -n 1)
    generate go --package-name client --additional-properties \
        enumClassPrefix=true,enumUnknownDefaultCase=true,disallowAdditionalPropertiesIfNotPresent=false
    rm -rf "$client/test"
    mkdir "$client/example"
    cp tests/clients/go/main.go "$client/example/"
    sed --in-place 's#^module .*#module vku/client#' "$client/go.mod"
    serve
    export GOROOT=${go%/bin/go} GOPROXY=off GOTOOLCHAIN=local GOFLAGS=-mod=mod GOCACHE=$PWD/target/clients/go-cache
    (cd "$client" && "$go" build -o example/example ./example)
    figures "$client/example/example" "$base"
}

rust_client() {
    cargo build --locked --manifest-path tests/clients/rust/Cargo.toml --target-dir target/clients/rust
    serve
    target/clients/rust/debug/vku-client-example "$base"
}

first_examples() {
    serve
    "$python/python" tests/clients/first.py "$base"
}

follow_examples() {
    serve
    "$python/python" tests/clients/follow.py "$base"
}

webhooks() {
    figures "$python/python" tests/clients/webhooks/run.py "$binary"
}

calendars() {
    serve
    figures "$python/python" tests/clients/calendars.py "$base"
    figures ruby tests/clients/calendars.rb "$base"
}

# The official schemas lie beside the checkout, or come from a package, without its dependencies.
iati_files() {
    local standard=../shared/iati
    if [ ! -d "$standard" ]; then
        standard=target/iati
        mkdir -p "$standard"
        [ -n "$(find "$standard" -name iati-activities-schema.xsd)" ] ||
            "$python/pip" download --quiet --no-deps --no-binary :all: --dest "$standard" pyIATI==0.4.1
        find "$standard" -name '*.tar.gz' -exec tar --extract --directory "$standard" --file {} \;
    fi
    serve
    figures "$python/python" tests/iati/check.py "$base" "$standard"
}
