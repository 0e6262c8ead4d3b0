"""The JSON document has the fields that its documentation lists, and is JSON whatever the numbers are."""

import json

import numpy as np
import pytest

from bridgemark.benchmarks.advise import document

from support.advice import made_advice

FREE = {"families": "*", "parameters": "*"}  # fields whose keys are names
RECORDS = {"model", "log_z", "pilot"}
VALUES = {"values", "errors"}  # of a parameter: what is in them has the names of the statistics


def paths(value, path=""):
    """The paths of all fields, as MEANINGS writes them."""
    if path.rpartition(".")[2] in VALUES:
        return {path}
    match value:
        case dict():
            return {
                deeper
                for key, item in value.items()
                for deeper in paths(item, f"{path}.{FREE.get(path, key)}".lstrip("."))
            }
        case [dict(), *_]:
            return {deeper for item in value for deeper in paths(item, f"{path}[]")}
        case _:
            return {path}


@pytest.fixture(scope="module")
def made():
    return document.as_document(made_advice(failed=["pathfinder"]))


def test_every_field_has_a_meaning_and_every_meaning_a_field(made):
    groups = {"pilot", "parameters.*"}  # described as a whole, too
    assert paths(made) == set(document.MEANINGS) - groups
    assert all(document.MEANINGS.values())


def test_the_answer_is_in_it(made):
    assert (made["schema"], made["trusted"], made["draws_of"]) == (1, True, "nuts")
    assert made["answer"][0] == "trusted: use the draws of nuts"
    assert made["log_z"]["value"] == pytest.approx(np.log(2 * np.pi), abs=0.1)
    assert made["families"]["pathfinder"] == {"seconds": 9.0, "failure": "it crashed"}
    assert (made["families"]["nuts"]["chains"], made["families"]["nuts"]["draws"]) == (4, 4_000)
    assert made["families"]["dds"]["chains"] is None
    assert made["parameters"]["scale"]["values"]["mean"] == pytest.approx(np.exp(0.5), rel=0.2)
    assert len(made["comparisons"]) == 3
    assert made["comparisons"][0]["families"] == ["nuts", "smc"]


def test_a_number_that_json_lacks_is_null():
    advice = made_advice()
    scores = advice.evidence["nuts"].scores._replace(r_hat=np.inf, ess_bulk=np.nan)
    advice.evidence["nuts"] = advice.evidence["nuts"]._replace(scores=scores)
    text = document.as_json(document.as_document(advice))
    read = json.loads(text, parse_constant=pytest.fail)
    assert (read["families"]["nuts"]["r_hat"], read["families"]["nuts"]["ess_bulk"]) == (None, None)


def test_where_nothing_was_returned_there_is_a_document():
    made = document.as_document(made_advice(failed=["nuts", "smc", "dds", "pathfinder"]))
    assert (made["trusted"], made["draws_of"], made["parameters_of"]) == (False, None, None)
    assert (made["parameters"], made["comparisons"]) == ({}, [])
