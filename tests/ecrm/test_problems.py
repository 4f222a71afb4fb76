"""Errors as problem details (RFC 9457)."""

import json

from ecrm.problems import Problem, problem, refuse


def test_a_problem_has_the_members_of_the_rfc() -> None:
    response = problem(409, "It runs already.", headers={"Retry-After": "5"})
    assert response.status_code == 409
    assert response["Content-Type"] == "application/problem+json"
    assert response["Retry-After"] == "5"
    assert json.loads(response.content) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "It runs already.",
    }


def test_fields_at_fault_are_named() -> None:
    error = refuse("email", "This is not an address.")
    assert isinstance(error, Problem)
    assert error.status == 422
    body = json.loads(problem(error.status, error.detail, error.errors).content)
    assert body["errors"] == [{"field": "email", "message": "This is not an address."}]
