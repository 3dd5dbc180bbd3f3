from flowsim.report.kept import once_a_result
from tests.unit.report.fixture import make_result


def test_what_is_found_is_kept_for_one_result_and_found_anew_for_another() -> None:
    asked = []
    find = once_a_result(lambda result: asked.append(result.name) or len(asked))
    first, second = make_result(), make_result(replications=2)
    assert [find(first), find(first), find(second), find(first)] == [1, 1, 2, 3]
