#!/bin/sh
# Installs what the gate needs on a Debian machine that has only Rust (rustup). Run it as root, as often as you like:
# what is already there is skipped. A step that fails does not stop the others, but then the script ends with a list of
# what is missing and with status 1.
set -u
cd "$(dirname "$0")" || exit 1

missing=

skip() { echo "skip     $1: $2"; }
fail() { echo "MISSING  $1: $2" >&2; missing="$missing $1"; }
has() { command -v "$1" >/dev/null 2>&1; }

# apt NAME PACKAGE... installs Debian packages, reading the package lists once.
apt() {
    name=$1
    shift
    if ! has apt-get || [ "$(id -u)" != 0 ]; then
        fail "$name" "needs apt-get and root to install $*"
        return 1
    fi
    if [ -z "${lists_are_fresh-}" ]; then
        apt-get update -qq || echo "apt-get update failed; trying with the lists there are" >&2
        lists_are_fresh=yes
    fi
    echo "install  $name"
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null ||
        { fail "$name" "apt-get could not install $*"; return 1; }
}

# --- Rust: not installed by this script ------------------------------------------------------------------------------

if has cargo; then skip cargo "$(cargo --version)"; else fail cargo "install Rust by rustup (https://rustup.rs)"; fi

# --- Debian packages -------------------------------------------------------------------------------------------------

# The C compiler links Rust and compiles SQLite. Both need the headers of the C library.
if has gcc && [ -e /usr/include/stdlib.h ]; then skip gcc "$(gcc -dumpfullversion)"; else apt gcc gcc libc6-dev; fi
if has pkg-config; then skip pkg-config "$(pkg-config --version)"; else apt pkg-config pkg-config; fi

# Debian keeps the server's programs off PATH. The tests look here too.
postgres=$(command -v postgres || ls /usr/lib/postgresql/*/bin/postgres 2>/dev/null | sort -V | tail -n 1)
if [ -n "$postgres" ]; then skip postgresql "$("$postgres" --version)"; else apt postgresql postgresql; fi

# Chromium without a font draws no text.
if has chromium; then skip chromium "$(chromium --version 2>/dev/null)"; else apt chromium chromium fonts-dejavu-core; fi

# The Java client is generated, compiled and run. Generated code needs Jakarta's annotations, which the JDK lacks.
if has javac; then skip javac "$(javac -version 2>&1)"; else apt javac default-jdk-headless; fi
jakarta=/usr/share/java/jakarta-annotation-api.jar
if [ -e "$jakarta" ]; then skip jakarta-annotation "$jakarta"; else apt jakarta-annotation libjakarta-annotation-api-java; fi

# A calendar library in another language.
if has ruby && ruby -e 'require "icalendar"' 2>/dev/null; then
    skip ruby-icalendar "$(ruby -e 'require "icalendar"; puts Icalendar::VERSION')"
else
    apt ruby-icalendar ruby ruby-icalendar
fi

# --- npm packages: linters of the OpenAPI document, and the library that drives the browser --------------------------

has node && has npm || apt node nodejs npm

# npm only warns about an older Node, and the packages then fail in confusing ways.
node_is_recent() {
    node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
             process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'
}

if ! has node || ! has npm; then
    fail npm-packages "need node and npm"
elif ! node_is_recent; then
    fail npm-packages "need Node 20.19 or later, this is $(node --version): see https://nodejs.org/en/download"
elif cmp -s package-lock.json node_modules/.installed-lock.json; then
    skip npm-packages "as in package-lock.json"
else
    echo "install  npm-packages"
    # No package here needs its install script, and one of them only sends telemetry.
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error &&
        cp package-lock.json node_modules/.installed-lock.json ||
        fail npm-packages "npm ci failed"
fi

# --- PyPI packages: a validator, client generators, and schemathesis --------------------------------------------------

python_is_recent() { python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; }

# Debian packages venv separately.
python3 -c 'import ensurepip, venv' 2>/dev/null || apt python3 python3 python3-venv

if ! has python3 || ! python_is_recent; then
    fail pypi-packages "need Python 3.10 or later"
elif cmp -s requirements.txt .venv/installed.txt; then
    skip pypi-packages "as in requirements.txt"
else
    echo "install  pypi-packages"
    python3 -m venv --clear .venv && .venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt &&
        cp requirements.txt .venv/installed.txt ||
        fail pypi-packages "pip install failed"
fi

# --- For the benchmark and the examples for analysts, in `.ci/full` only ----------------------------------------------

if [ "${1-}" = full ]; then
    if has wrk; then skip wrk "there"; else apt wrk wrk; fi
    if has taskset; then skip taskset "there"; else apt taskset util-linux; fi
    if has psql; then skip psql "there"; else apt psql postgresql-client; fi

    if has Rscript && Rscript -e 'library(dplyr, warn.conflicts = FALSE); library(jsonlite)' 2>/dev/null; then
        skip r "$(Rscript --version 2>&1)"
    else
        apt r r-base-core r-cran-dplyr r-cran-jsonlite
    fi
    if has ogr2ogr; then skip gdal "$(ogr2ogr --version)"; else apt gdal gdal-bin; fi
    if has soffice; then skip libreoffice "$(soffice --version 2>/dev/null)"; else apt libreoffice libreoffice-calc; fi
fi

# ---------------------------------------------------------------------------------------------------------------------

if [ -n "$missing" ]; then
    echo "Not everything is there, still missing:$missing" >&2
    exit 1
fi
echo "Everything is there."
