"""Series in a CSV file, and what is said of one that cannot be read."""

import pytest

from flowsim.calibrate.series import read_series
from flowsim.config.load import load
from flowsim.errors import ConfigError


@pytest.fixture(scope="module")
def config():
    return load(["place=toy"]).config


def told(tmp_path, config, text):
    file = tmp_path / "later.csv"
    file.write_text(text, encoding="utf-8")
    return read_series(file, config)


def test_a_record_of_the_place_or_a_measure(tmp_path, config):
    text = (
        "series,measure,service,split,month,value,note\n"
        'attendances,,,,2026-05,"1,060",kept\n'
        "attendances,,,,2026-04,1090,\n"
        ",four_hour_share,ae,,2026-04-01,71.5 %,\n"
        "\n"
    )
    one, two = told(tmp_path, config, "\ufeff" + text)
    assert (one.id, one.recorded) == ("attendances", {"2026-04": 1090, "2026-05": 1060})
    assert one.known["2025-04"] == config.record["attendances"].months["2025-04"].value
    assert (two.id, two.recorded) == ("four_hour_share ae", {"2026-04": pytest.approx(0.715)})
    assert (two.record.unit, two.record.service, two.known) == ("share", "ae", {})


def test_a_measure_finds_the_record_of_the_same_thing(tmp_path, config):
    (found,) = told(tmp_path, config, "measure,month,value\nae_attendances,2026-04,1000\n")
    assert found.record.unit == "/month"
    assert len(found.known) == 12


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("month,count\n", ["later.csv row 1: said columns month, count; wanted a column series (or measure)"]),
        ("series,month,value\n", ["said no rows"]),
        ("series,month,value\nattendance,2026-04,1\n", ["row 2, column series", "'attendances'"]),
        ("series,month,value\nattendances,2026-13,1\n", ["row 2, column month: said 2026-13"]),
        ("series,month,value\nattendances,,1\n", ["row 2, column month: said nothing"]),
        ("series,month,value\nattendances,2026-04,many\n", ["row 2, column value: said many; wanted a number"]),
        ("series,month,value\nattendances,2026-04,nan\n", ["row 2, column value: said nan"]),
        ("series,month,value\nattendances,2026-04,-1\n", ["row 2, column value: said -1"]),
        ("series,month,value\nfour_hours,2026-04,84\n", ["row 2, column value: said 84", "per cent sign"]),
        ("series,month,value\nattendances,2026-04,1\nattendances,2026-04,2\n", ["row 3, column month", "again"]),
        ("measure,service,month,value\nae_attendances,moon,2026-04,1\n", ["row 2, column service: said moon"]),
        ("measure,month,value\n,2026-04,1\n", ["row 2, column measure: said nothing"]),
    ],
)
def test_what_is_wrong_is_named_by_row_and_column(tmp_path, config, text, said):
    with pytest.raises(ConfigError) as caught:
        told(tmp_path, config, text)
    for part in said:
        assert part in "\n".join(map(str, caught.value.problems))


def test_all_faults_are_told_together(tmp_path, config):
    with pytest.raises(ConfigError) as caught:
        told(tmp_path, config, "series,month,value\nnobody,2026-14,x\nattendances,2026-04,x\n")
    assert len(caught.value.problems) == 3


def test_a_file_that_is_not_there(tmp_path, config):
    with pytest.raises(ConfigError, match=r"none\.csv"):
        read_series(tmp_path / "none.csv", config)


def test_a_file_in_another_encoding(tmp_path, config):
    (tmp_path / "latin.csv").write_bytes("series,month,value\nattendances,2026-04,£1\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="UTF-8"):
        read_series(tmp_path / "latin.csv", config)
