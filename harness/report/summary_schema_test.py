# SPDX-License-Identifier: GPL-3.0-or-later
# Validates every golden JSON summary against reports/summary.schema.json with an independent validator.
import json
import pathlib
import sys

import jsonschema

root = pathlib.Path(sys.argv[1])
schema = json.loads((root / "reports/summary.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
golden = sorted((root / "fixtures/journals").glob("*.json"))
assert golden, "no golden summaries"
for path in golden:
    validator.validate(json.loads(path.read_text()))
    print(path.name, "is valid")
