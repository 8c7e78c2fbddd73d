"""The licences of the crates in the binary, as one text."""
import collections
import pathlib
import re

from crates import ROOT

NAMES = re.compile(r"(LICEN[SC]E|COPYING|UNLICENSE|COPYRIGHT|NOTICE)", re.I)
RULE = "=" * 80

# Who holds the rights to software under the MIT license that comes without its text. The crates are built from
# repositories with one license file at the root; the C library and the standard library come with the compiler.
MIT_HOLDERS = {
    "jsonrpsee": "2019-2021 Parity Technologies (UK) Ltd.",
    "jsonrpsee-core": "2019-2021 Parity Technologies (UK) Ltd.",
    "jsonrpsee-types": "2019-2021 Parity Technologies (UK) Ltd.",
    "ts-rs": "2020 Aleph Alpha GmbH",
    "windows-permissions": "2019-2021 Daniel Dulaney",
}
FROM_THE_COMPILER = {"musl (MIT), in the packages for Linux": "2005-2020 Rich Felker, et al."}
MIT = """\
MIT License

Copyright (c) {holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""


def _alternatives(expression):
    """Returns the licences of which one is enough, or the whole expression if it is not that simple."""
    if " AND " in expression:
        return [expression]
    return re.split(r" OR |/", expression)


def _texts(package):
    """Returns the texts that the package has to be distributed with."""
    folder = pathlib.Path(package["manifest_path"]).parent
    files = {path for path in folder.iterdir() if path.is_file() and NAMES.match(path.name)}
    if package["license_file"]:
        files.add(folder / package["license_file"])
    if "Apache-2.0" in _alternatives(package["license"] or ""):
        # The license itself comes once, at the top.
        files = {path for path in files if path.name.upper().startswith("NOTICE")}
    texts = [path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip() for path in sorted(files)]
    if not texts and package["name"] in MIT_HOLDERS:
        texts = [MIT.format(holder=MIT_HOLDERS[package["name"]])]
    return [text for text in texts if text]


def third_party(linked):
    """Returns the text. Fails if a crate needs a text and has none."""
    chosen, missing = ["The Rust standard library (MIT OR Apache-2.0)"], []
    crates_of = collections.defaultdict(list)
    for name, holder in FROM_THE_COMPILER.items():
        crates_of[MIT.format(holder=holder)].append(name)
    for package, _ in linked:
        if package["source"] is None:
            continue
        name = f"{package['name']} {package['version']}"
        if "Apache-2.0" in _alternatives(package["license"] or ""):
            chosen.append(f"{name} ({package['license']})")
        elif not _texts(package):
            missing.append(f"{name} ({package['license']})")
        for text in _texts(package):
            crates_of[text].append(f"{name} ({package['license']})")
    lines = ["Easel contains the software below, each under the license that follows its name.", "", RULE]
    lines += ["The following is used under the Apache License, Version 2.0:", "", *chosen, ""]
    lines += [(ROOT / "LICENSE").read_text().strip(), ""]
    for text, names in sorted(crates_of.items(), key=lambda entry: entry[1]):
        lines += [RULE, *names, "", text, ""]
    if missing:
        raise SystemExit(f"package: no license text is known for: {', '.join(missing)}")
    return "\n".join(lines)
