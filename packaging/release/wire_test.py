"""Tests of the rules: each change in both directions, and the versions that allow it."""
import copy
import json
import pathlib
import unittest

import wire

SCHEMA = pathlib.Path(__file__).resolve().parent.parent.parent / "schema" / "easel_app_server.schemas.json"
OLD = {
    "methods": {"draw": {"params": "Params", "response": "Response"}},
    "serverRequests": {"ask": {"params": "Response", "response": "Params"}},
    "notifications": {"done": "Response"},
    "definitions": {
        "Params": {
            "type": "object",
            "required": ["prompt"],
            "properties": {
                "prompt": {"type": "string", "maxLength": 100},
                "size": {"$ref": "#/definitions/Size"},
                "count": {"type": ["integer", "null"], "minimum": 1},
                "parts": {"type": "array", "items": {"$ref": "#/definitions/Part"}, "maxItems": 4},
            },
        },
        "Response": {
            "type": "object",
            "required": ["size", "parts"],
            "properties": {
                "size": {"allOf": [{"$ref": "#/definitions/Size"}], "description": "The size."},
                "parts": {"type": "array", "items": {"$ref": "#/definitions/Part"}},
                "note": {"type": "string"},
            },
        },
        "Size": {"type": "string", "enum": ["small", "large"]},
        "Part": {"oneOf": [{"$ref": "#/definitions/Text"}, {"$ref": "#/definitions/Image"}]},
        "Text": {"type": "object", "required": ["type"], "properties": {"type": {"const": "text", "type": "string"}}},
        "Image": {
            "allOf": [{"$ref": "#/definitions/File"}],
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"const": "image", "type": "string"}},
        },
        "File": {"type": "object", "required": ["path"], "properties": {"path": {"type": "string"}}},
    },
}


def changes(edit):
    """Returns what breaks a client after an edit of the schema, and what does not."""
    new = copy.deepcopy(OLD)
    edit(new, new["definitions"])
    found = wire.compare(OLD, new)
    return tuple([change.what for change in found if change.breaking == breaking] for breaking in (True, False))


class Rules(unittest.TestCase):
    def breaks(self, what, edit):
        self.assertIn(what, changes(edit)[0])

    def extends(self, what, edit):
        breaking, extending = changes(edit)
        self.assertEqual(([], True), (breaking, what in extending), extending)

    def test_equal_schemas_have_no_changes(self):
        self.assertEqual(([], []), changes(lambda new, types: None))
        schema = json.loads(SCHEMA.read_text())
        self.assertEqual([], wire.compare(schema, schema))

    def test_documentation_is_no_change(self):
        self.assertEqual(([], []), changes(lambda new, types: types["Size"].update(description="x", title="y")))

    def test_methods(self):
        self.breaks("method draw: removed", lambda new, types: new["methods"].clear())
        self.extends("method edit: new", lambda new, types: new["methods"].update(edit=new["methods"]["draw"]))

    def test_notifications(self):
        self.breaks("notification done: removed", lambda new, types: new["notifications"].clear())
        self.extends("notification late: new", lambda new, types: new["notifications"].update(late="Response"))

    def test_requests_of_the_server(self):
        self.breaks("request of the server ask: removed", lambda new, types: new["serverRequests"].clear())
        self.extends("request of the server tell: new",
                     lambda new, types: new["serverRequests"].update(tell=new["serverRequests"]["ask"]))

    def test_fields_of_params(self):
        self.breaks("draw params.size: removed", lambda new, types: types["Params"]["properties"].pop("size"))
        self.breaks("draw params.size: now required", lambda new, types: types["Params"]["required"].append("size"))
        self.breaks("draw params.seed: now required", lambda new, types: (
            types["Params"]["properties"].update(seed={"type": "integer"}), types["Params"]["required"].append("seed")))
        self.extends("draw params.seed: new",
                     lambda new, types: types["Params"]["properties"].update(seed={"type": "integer"}))

    def test_required_params_become_optional(self):
        # The response of a request of the server is sent by the client too.
        self.extends("draw params.prompt: now optional", lambda new, types: types["Params"].update(required=[]))

    def test_fields_of_responses(self):
        self.breaks("draw response.note: removed", lambda new, types: types["Response"]["properties"].pop("note"))
        self.breaks("draw response.size: now optional", lambda new, types: types["Response"].update(required=["parts"]))
        self.extends("draw response.note: now required",
                     lambda new, types: types["Response"]["required"].append("note"))
        self.extends("draw response.cost: new",
                     lambda new, types: types["Response"]["properties"].update(cost={"type": "number"}))

    def test_types_of_params(self):
        self.breaks("draw params.count: no longer null",
                    lambda new, types: types["Params"]["properties"]["count"].update(type="integer"))
        self.extends("draw params.prompt: also null",
                     lambda new, types: types["Params"]["properties"]["prompt"].update(type=["string", "null"]))
        self.extends("draw params.prompt: also any",
                     lambda new, types: types["Params"]["properties"].update(prompt={}))

    def test_types_of_responses(self):
        self.breaks("draw response.note: also null",
                    lambda new, types: types["Response"]["properties"]["note"].update(type=["string", "null"]))
        self.breaks("draw response.note: no longer string",
                    lambda new, types: types["Response"]["properties"]["note"].update(type="integer"))

    def test_enumerations(self):
        self.breaks('draw params.size: no longer ="large"', lambda new, types: types["Size"].update(enum=["small"]))
        # A client sends the new value if it likes, but may also receive it.
        breaking, extending = changes(lambda new, types: types["Size"].update(enum=["small", "large", "huge"]))
        self.assertEqual(['draw response.size: also ="huge"'], breaking)
        self.assertEqual(['draw params.size: also ="huge"'], extending)

    def test_enumeration_becomes_text(self):
        breaking, _ = changes(lambda new, types: types.update(Size={"type": "string"}))
        self.assertTrue(all("response" in what for what in breaking), breaking)

    def test_variants(self):
        kind = 'object with type "image"'
        self.breaks(f"draw params.parts[]: no longer {kind}", lambda new, types: types["Part"]["oneOf"].pop())
        audio = {"type": "object", "properties": {"type": {"const": "audio"}}}
        breaking, _ = changes(lambda new, types: types["Part"]["oneOf"].append(audio))
        self.assertEqual(['draw response.parts[]: also object with type "audio"'], breaking)

    def test_fields_of_variants(self):
        self.breaks("draw params.parts[].path: removed", lambda new, types: types["File"]["properties"].pop("path"))

    def test_bounds(self):
        self.breaks("draw params.prompt: maxLength 100 is now 50",
                    lambda new, types: types["Params"]["properties"]["prompt"].update(maxLength=50))
        self.extends("draw params.prompt: maxLength 100 is now 200",
                     lambda new, types: types["Params"]["properties"]["prompt"].update(maxLength=200))
        self.breaks("draw params.count: minimum 1 is now 2",
                    lambda new, types: types["Params"]["properties"]["count"].update(minimum=2))
        self.extends("draw params.parts: maxItems 4 is now None",
                     lambda new, types: types["Params"]["properties"]["parts"].pop("maxItems"))


class Versions(unittest.TestCase):
    def test_steps(self):
        for old, new, expected in [
            ("1.2.3", "2.0.0", "major"), ("1.2.3", "1.3.0", "minor"), ("1.2.3", "1.2.4", "patch"),
            ("0.1.0", "0.2.0", "major"), ("0.1.0", "0.1.1", "minor"), ("0.9.0", "1.0.0", "major"),
            ("1.2.3", "1.2.3", None), ("1.2.3", "1.2.2", None), ("1.0.0", "2.0.0-rc.1", "major"),
        ]:
            self.assertEqual(expected, wire.step(old, new), (old, new))

    def test_breaking_changes_need_a_major_version(self):
        breaking, extending = [wire.Change(True, "x")], [wire.Change(False, "x")]
        self.assertFalse(wire.allows("minor", wire.required_step(breaking)))
        self.assertTrue(wire.allows("major", wire.required_step(breaking)))
        self.assertFalse(wire.allows("patch", wire.required_step(extending)))
        self.assertTrue(wire.allows("minor", wire.required_step(extending)))
        self.assertTrue(wire.allows("patch", wire.required_step([])))
        self.assertFalse(wire.allows(None, wire.required_step([])))


if __name__ == "__main__":
    unittest.main()
