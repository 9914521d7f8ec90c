"""The run as JUnit XML, for the test views of continuous integration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as Xml


def junit(document: Mapping[str, Any]) -> str:
    """One suite per claim file, one case per claim, per control and per claim with a record.

    A verdict against expectation, or against its record, is a failure; what is stated and not checked, and a claim that could not be
    compared with a record, is skipped; a broken file or kernel is an error.
    """
    root = Xml.Element("testsuites", name="theorylab")
    suites: dict[str, Xml.Element] = {}
    broken = {failure["claim"] for failure in document["failures"] if failure.get("claim")}

    def case(file: str, name: str, seconds: float = 0.0) -> Xml.Element:
        if file not in suites:
            suites[file] = Xml.SubElement(root, "testsuite", name=file)
        return Xml.SubElement(suites[file], "testcase", classname=file, name=name, time=f"{seconds:.3f}")

    for claim in document["claims"]:
        if claim["name"] in broken:
            continue
        found = case(claim["file"], claim["name"], claim["seconds"])
        if claim["verdict"] == "not checked":
            Xml.SubElement(found, "skipped", message=claim["note"])
        elif not claim["as_expected"]:
            message = f"{claim['verdict']}, expected {claim['expected']}" + "".join(f" {reason}" for reason in claim["reasons"])
            failure = Xml.SubElement(found, "failure", type=claim["verdict"], message=message)
            failure.text = f"{claim['title']}\n{claim['file']}:{claim['line']}\n{claim['note']}\n{claim['replay']}"
        for control in claim["controls"]:
            found = case(claim["file"], f"{claim['name']}, control: {control['name']}")
            if not control["as_expected"]:
                expected = "supported" if control["kind"] == "positive" else "refuted"
                Xml.SubElement(found, "failure", type="control", message=f"{control['verdict']}, must be {expected}")
        record = claim["record"]
        if record and claim["verdict"] != "not checked":
            found = case(claim["file"], f"{claim['name']}, record")
            if record["state"] in ("unrecorded", "not compared"):
                Xml.SubElement(found, "skipped", message=f"{record['state']}: {record['lines'][0]}")
            elif record["state"] in ("changed", "contradicted", "lost"):
                advisory = "" if record["gates"] else "advisory: "
                Xml.SubElement(found, "failure", type=record["state"], message=advisory + record["lines"][0]).text = "\n".join(
                    record["lines"]
                )
            elif record["lines"]:
                Xml.SubElement(found, "system-out").text = "\n".join(record["lines"])
    for failure in document["failures"]:
        name = failure.get("claim") or f"line {failure['line']}"
        Xml.SubElement(
            case(failure["file"], name),
            "error",
            type="broken",
            message=f"line {failure['line']}: {failure['error']}",
        )
    for suite in suites.values():
        for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            suite.set(attribute, str(sum(case.find(tag) is not None for case in suite)))
        suite.set("tests", str(len(suite)))
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
