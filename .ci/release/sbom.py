"""Reduces a bill of materials (CycloneDX) to the crates that are compiled.

cargo-cyclonedx also lists optional dependencies that no feature turns on, because `cargo metadata` has them; they would
cause false alarms. Reads the output of `cargo tree --prefix none --format '{p}'` from standard input, and writes to
standard output: sbom.py FILE
"""

import json
import sys

compiled = {tuple(line.split()[:2]) for line in sys.stdin if line.strip()}
with open(sys.argv[1]) as file:
    bom = json.load(file)
found = [it for it in bom["components"] if (it["name"], "v" + it["version"]) in compiled]
missing = compiled - {(it["name"], "v" + it["version"]) for it in [*found, bom["metadata"]["component"]]}
if missing:
    sys.exit(f"missing in the bill of materials: {sorted(missing)}")
refs = {it["bom-ref"] for it in [*found, bom["metadata"]["component"]]}
bom["components"] = found
bom["dependencies"] = [
    {**it, "dependsOn": [ref for ref in it.get("dependsOn", []) if ref in refs]}
    for it in bom["dependencies"]
    if it["ref"] in refs
]
json.dump(bom, sys.stdout, indent=2)
