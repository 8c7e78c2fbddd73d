# Tries of a mutant are cheap: without debug information, and with fewer cases of each property.
MUTANTS := "CARGO_PROFILE_DEV_DEBUG=0 PROPTEST_CASES=32 PROPTEST_MAX_SHRINK_ITERS=0 cargo mutants"

# Lists the recipes.
default:
    @just --list --unsorted

# Formats the code.
fmt:
    cargo fmt --all

# Applies clippy's automatic fixes, then formats.
fix: && fmt
    cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged

# Checks formatting and lints.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Runs the quick tests.
test:
    cargo test --workspace --locked

# Runs all tests.
slow:
    RUN_SLOW_TESTS=1 cargo test --workspace --locked

# Compares random requests to two processes with a model, for ten minutes.
soak:
    EASEL_SOAK_SECONDS="${EASEL_SOAK_SECONDS:-600}" cargo test --package easel --test it random:: -- --nocapture

# Kills the process at every system call of each scenario, cuts the power there, and prints the kills. Takes about an
# hour.
crash-points *ARGS:
    EASEL_CRASH_POINTS=all cargo test --package easel --test it crash::{{ARGS}} -- --nocapture

# Lets two processes compete for the last image of a day 1,000 times, and kills one of them now and then.
spending-race rounds="1000":
    EASEL_RACE_ROUNDS={{rounds}} cargo test --package easel --test it spending::race -- --nocapture

# Runs a thread of 2,000 turns against a provider that counts tokens, with the default limit.
long-thread turns="2000":
    EASEL_LONG_THREAD_TURNS={{turns}} cargo test --package easel --test it context::limit -- --nocapture

# Runs one fuzz target for some seconds. Needs cargo-fuzz.
fuzz target seconds="600":
    .ci/fuzz {{seconds}} {{target}}

# Runs each fuzz target for some seconds, as many at once as there are cores.
fuzz-all seconds="60":
    .ci/fuzz {{seconds}}

# `--sharding round-robin --shard 0/8` tries an even eighth of the changes.
#
# Changes the pure core in small ways, and lists the changes that its own tests do not notice. Needs cargo-mutants.
mutants *ARGS:
    {{MUTANTS}} --output target --package easel-imagegen --package easel-thread \
        --file 'crates/easel-imagegen/**' --file 'crates/easel-thread/src/machine*' \
        --file 'crates/easel-thread/src/machine/**' {{ARGS}}

# Changes the parsers and the journal in the same way.
mutants-parsers *ARGS:
    {{MUTANTS}} --output target --package easel-config --package easel-provider --package easel-rpc \
        --package easel-store --file 'crates/easel-config/src/layers/**' --file 'crates/easel-provider/src/http/sse.rs' \
        --file 'crates/easel-provider/src/json_images/**' --file 'crates/easel-rpc/src/inbound/envelope.rs' \
        --file 'crates/easel-rpc/src/inbound/line.rs' --file 'crates/easel-store/src/journal/**' {{ARGS}}

# Tests Easel against OpenAI's API document and servers that imitate OpenAI's. Installs them first.
interop:
    tests/interop/run

# Generates schema/ from the types of the protocol.
schema:
    EASEL_WRITE_SCHEMA=1 cargo test --quiet --package easel-protocol --lib schema::tests::committed

# Generates the types in sdk/ from schema/. Installs the generators first.
sdk-types:
    .ci/sdk --types

# Tests the SDKs against Easel, with every version of their languages that is installed.
sdk:
    .ci/sdk

# Runs public clients of MCP and ACP against Easel, and compares `easel acp` with the Codex adapter for ACP.
faces:
    .ci/faces

# Runs the code of docs/HOSTS.md with the AI SDK, LangChain and the types of OpenAI. Installs them first.
hosts:
    .ci/hosts

# Builds the page of the gallery from its TypeScript, into the files that are embedded. Needs npm.
gallery-page:
    npm ci --prefix crates/easel-gallery/page --no-fund --no-audit --ignore-scripts
    npm run --prefix crates/easel-gallery/page check
    npm run --prefix crates/easel-gallery/page build

# Compares the page with its source, and drives the gallery in Chromium. `--long` does it with 10,000 images too, and
# `--pictures` takes the pictures of docs/.
gallery *ARGS:
    .ci/gallery {{ARGS}}

# Runs code generators for Python, TypeScript, Go and Java over schema/. Installs them first.
generators:
    .ci/generators

# Runs a conversation with the embedded preview provider.
demo:
    cargo run --release -- demo

# Runs the tests with every message checked against the schema of the Codex app-server, from its npm package.
conformance:
    mkdir -p target/codex
    npm install --prefix target/codex --no-fund --no-audit @openai/codex@0.169.0
    target/codex/node_modules/.bin/codex app-server generate-json-schema --out target/codex/schema
    EASEL_PEER_SCHEMA="$PWD/target/codex/schema" cargo test --workspace --locked

# Generates docs/COMPATIBILITY.md from both schemas. The other one is in EASEL_PEER_SCHEMA or in ../shared.
compatibility:
    EASEL_PEER_SCHEMA="$(realpath "${EASEL_PEER_SCHEMA:-../shared/peer/schema}")" EASEL_WRITE_COMPATIBILITY=1 \
        cargo test --quiet --package easel-protocol --lib compatibility

# Runs public clients of the Codex app-server against Easel. Their drivers are in EASEL_SHARED or ../shared.
clients:
    .ci/clients

# Measures Easel beside an echo, an older build (EASEL_BASELINE_BIN) and the Codex app-server (EASEL_PEER_BIN), in one
# table. `--only NAME` runs one scenario, `--long` adds a thread of 10,000 turns, and `--quick` tries everything once.
bench *ARGS: build-bench
    target/dist/easel-bench table --json target/bench.json --easel target/dist/easel \
        ${EASEL_BASELINE_BIN:+--baseline "$EASEL_BASELINE_BIN"} ${EASEL_PEER_BIN:+--peer "$EASEL_PEER_BIN"} {{ARGS}}
    cargo bench --package easel --profile dist

# Measures like `bench --long`, and writes the table, the plots and the phases of a turn to docs/.
performance *ARGS: build-bench
    target/dist/easel-bench table --docs docs --json docs/performance/results.json --long --easel target/dist/easel \
        ${EASEL_BASELINE_BIN:+--baseline "$EASEL_BASELINE_BIN"} ${EASEL_PEER_BIN:+--peer "$EASEL_PEER_BIN"} {{ARGS}}
    target/dist/easel-bench phases --docs docs --easel target/dist/easel

[private]
build-bench:
    cargo build --profile dist --locked --package easel --package easel-bench

# Counts the instructions of frequent operations with valgrind, and compares them with the kept counts. `--write` keeps
# the new ones.
instructions *ARGS:
    cargo build --workspace --locked --bins --tests
    target/debug/easel-bench instructions --easel target/debug/easel --counts crates/easel-bench/instructions.json \
        {{ARGS}}

# Measures the copies that models see of these pictures: size, cost and similarity, as rows of a table.
copies +FILES:
    @for file in {{FILES}}; do cargo run --quiet --release --package easel-picture --example measure_copies -- "$file"; done

# Measures the report and the composite of an edit, of drawn pictures or of these.
edits *FILES:
    cargo run --quiet --release --package easel-picture --example measure_edit -- {{FILES}}

# Draws the prompts and edits of docs/preview-sheet.png with the preview provider.
preview-sheet:
    cargo run --quiet --package easel-preview --example draw_sheet -- docs/preview-sheet.png

# Builds the packages of these platforms, by default of Linux on x86-64, and those of the SDKs. Needs cargo-zigbuild,
# npm and Python; see docs/RELEASING.md.
package *TRIPLES:
    #!/usr/bin/env bash
    set -euo pipefail
    sdks=$(mktemp -d)
    trap 'rm -rf "$sdks"' EXIT
    EASEL_TESTS_MUST_RUN=1 .ci/sdk --build "$sdks"
    built=$(packaging/build {{TRIPLES}})
    packaging/package --sdks "$sdks" $built

# Measures the packages that `just package` has built, and other executables (NAME=PATH), in one table.
measure-packages *EXECUTABLES:
    packaging/measure {{EXECUTABLES}}

# Makes a release of this version from the changelog: checks, sets versions, commits and tags.
release version:
    packaging/release/release.py {{version}}

# Fails if the protocol breaks clients of the last release, and the version does not say so.
wire *FILES:
    .ci/wire {{FILES}}

# Builds packages twice, compares them, and installs each in an empty environment.
package-check:
    .ci/package

# Counts private words, undocumented items and other violations of the rules on language and structure.
vocabulary *ARGS:
    .ci/vocabulary {{ARGS}}

# Lints the code for Windows. Needs `rustup target add x86_64-pc-windows-gnu` and a MinGW C compiler.
lint-windows:
    cargo clippy --workspace --all-targets --target x86_64-pc-windows-gnu --locked -- -D warnings

# Builds easel.exe and tries it under Wine: version, demo, a picture from the shell, a session over pipes.
wine *ARGS:
    .ci/wine {{ARGS}}

# Builds the tests for Windows, runs them under Wine, and fails if others fail than tests/wine/expected.toml lists. With
# FILTERS, only the tests whose name contains one. Takes half an hour.
wine-tests *FILTERS:
    .ci/wine --tests {{FILTERS}}

# Runs everything that CI runs.
check:
    .ci/run
