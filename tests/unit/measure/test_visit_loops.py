"""Compiled loops over visits against a plain way of saying the same."""

import itertools

import numpy as np
import pytest

from flowsim.measure import span_loops, stay_loops, visit_loops
from flowsim.measure.integrals import areas, levels_at
from flowsim.measure.intervals import FAR
from flowsim.measure.sorting import codes

RNG = np.random.default_rng(4)
N = 400


def places(values):
    return np.asarray(values, dtype=np.int16)


def visits():
    """Return patients, services and what links the visits of patients who come again and again."""
    patient, service = codes(RNG.integers(0, 60, N)), codes(RNG.integers(0, 4, N))
    return patient, service, (service, *visit_loops.neighbours(patient))


def test_neighbours_are_the_same_patients_visits_before_and_after():
    patient, _, (_, previous, following) = visits()
    for row in range(N):
        before, after = np.flatnonzero(patient[:row] == patient[row]), np.flatnonzero(patient[row:] == patient[row])
        assert previous[row] == (before[-1] if before.size else -1)
        assert following[row] == (row + after[1] if after.size > 1 else -1)


def episodes_of(patient, service, home):
    """Return the first row of each visit's episode, which ends with a visit to a service that is home."""
    first = np.arange(N)
    for row in range(N):
        before = np.flatnonzero(patient[:row] == patient[row])
        if before.size and not home[service[before[-1]]]:
            first[row] = first[before[-1]]
    return first


def test_contacts_repeat_those_before_in_their_episode():
    patient, service, links = visits()
    home = np.array([True, False, False, False])
    rows = codes(RNG.permutation(np.flatnonzero(service >= 2)))
    episode = episodes_of(patient, service, home)
    is_repeat = stay_loops.repeats(rows, links, home)
    assert is_repeat.tolist() == [bool((episode[rows[rows < row]] == episode[row]).any()) for row in rows]
    first = rows[~is_repeat]
    found = stay_loops.contacts_from(first, rows, links, home)
    assert found.tolist() == [(episode[rows] == episode[row]).sum() for row in first]


def test_who_went_home_without_a_ward_is_told_by_who_saw_them_first():
    patient, service, links = visits()
    following, home = links[2], np.array([True, False, False, False, False, False])
    ward = np.array([False] * 3 + [True, False, False])
    went = places(np.where(following == -1, RNG.choice([0, 4], N), service[following]))
    rows, refused = codes(np.flatnonzero(service == 2)), RNG.random(N) < 0.2
    left = np.where(RNG.random(N) < 0.1, -1, np.arange(N))
    episode, edges = episodes_of(patient, service, home), np.array([10, 200, N - 5])
    wanted = np.zeros((1, 2), dtype=int)
    for head in np.unique(episode):
        mine = np.flatnonzero(episode == head)
        ends = mine[home[went[mine]] & ~home[service[mine]] & ~refused[mine] & (left[mine] >= 0)]
        saw = np.intersect1d(mine, rows)
        if len(ends) and len(saw) and not ward[service[mine]].any() and 10 <= left[ends[-1]] < N - 5:
            wanted[0, int(left[ends[-1]] >= 200)] += 1
    where = service, np.array([-1, -1, 0, -1, -1]), 1
    found = stay_loops.seen_and_home(rows, where, links, (went, left, refused), home, ward, edges)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("by_provider", [False, True])
def test_visits_in_a_row_to_chosen_services_are_one_run(by_provider):
    _, service, links = visits()
    provider = codes([0, 0, 1, 1] if by_provider else [])
    rows = codes(RNG.permutation(np.flatnonzero(service != 3)))
    head, last = {}, set(rows.tolist())
    for row in np.sort(rows).tolist():
        before = links[1][row]
        is_one = before in head and (not by_provider or provider[service[before]] == provider[service[row]])
        head[row] = head[before] if is_one else row
        last -= {before} if is_one else set()
    if not by_provider:
        assert visit_loops.heads(rows, links).tolist() == [head[row] for row in rows.tolist()]
    found = visit_loops.runs(rows, provider, links)
    assert {(a, z) for a, z in zip(*(ends.tolist() for ends in found), strict=True)} == {
        (head[row], row) for row in last
    }


def slices_of(service, here):
    """Return the rows of visits by service, and where those of some services begin and end."""
    rows, bounds = visit_loops.by_service(service, 4)
    np.testing.assert_array_equal(rows, np.argsort(service, kind="stable"))
    np.testing.assert_array_equal(np.diff(bounds), np.bincount(service, minlength=4))
    return rows, bounds[:-1][here], bounds[1:][here]


def test_codes_are_told_by_their_places_among_those_there_are():
    code = RNG.integers(0, 50, N) * 7
    place, there = visit_loops.ranked(code, 350)
    np.testing.assert_array_equal(there, np.unique(code))
    np.testing.assert_array_equal(there[place], code)


@pytest.mark.parametrize("of_whom", ["all", "some"])
def test_visits_are_tallied_by_service_patient_and_period(of_whom):
    _, service, _ = visits()
    here = [3, 1]
    slices = slices_of(service, here)
    tick, place, flag = RNG.integers(-20, 120, N), places(RNG.integers(-1, 3, N)), RNG.random(N) < 0.7
    allowed, edges = np.array([True, False, True, False]), np.array([0, 30, 100])
    code, key = codes(RNG.integers(0, 5, N)), np.array([0, 1, -1, 1, 0], dtype=np.int8)
    key, whose = (key, key[code]) if of_whom == "some" else (key[:0], np.zeros(N, dtype=int))
    found = visit_loops.tally(visit_loops.stamped(slices, flag, tick, place, allowed, code, edges), key, 2, 2)
    for (k, s), level, p in itertools.product(enumerate(here), range(2), range(2)):
        counts = flag & allowed[place] & (service == s) & (whose == level)
        assert found[k, level, p] == (counts & (tick >= edges[p]) & (tick < edges[p + 1])).sum()
    rows = visit_loops.selected(slices, flag, (code, key))
    wanted = [row for s in here for row in np.flatnonzero((service == s) & flag & (whose >= 0))]
    np.testing.assert_array_equal(rows, wanted)
    np.testing.assert_array_equal(visit_loops.flagged(rows, place > 0), [row for row in wanted if place[row] > 0])


def test_visits_are_counted_by_how_they_ended():
    _, service, _ = visits()
    here, edges = [3, 1], np.array([0, 30, 100])
    outcome, tick, flag = RNG.integers(0, 3, N), RNG.integers(-20, 120, N), RNG.random(N) < 0.7
    code, key = codes(RNG.integers(0, 5, N)), np.array([0, 1, -1, 1, 0], dtype=np.int8)
    found = visit_loops.outcomes(slices_of(service, here), flag, (code, key), outcome, 3, tick, edges)
    for (k, s), way, p in itertools.product(enumerate(here), range(3), range(2)):
        counts = flag & (service == s) & (outcome == way) & (key[code] >= 0)
        assert found[k, way, p] == (counts & (tick >= edges[p]) & (tick < edges[p + 1])).sum()


def runs_of_visits():
    """Return first and last rows of runs, the services of visits, and when they begin and end (some never)."""
    _, service, links = visits()
    rows = codes(np.flatnonzero(service != 3))
    begin = np.sort(RNG.integers(0, 800, N))
    end = np.where(RNG.random(N) < 0.2, -1, begin + RNG.integers(0, 100, N))
    return visit_loops.runs(rows, codes([]), links), service, begin, end


@pytest.mark.parametrize("by_end", [0, 1])
@pytest.mark.parametrize("midnights", [[], [-100, 0, 100, 200, 900]])
def test_times_are_of_runs_that_end_and_are_seen_in_the_window(by_end, midnights):
    found, service, begin, end = runs_of_visits()
    where, midnights = (service, np.array([2, 0, 1, -1, -1]), 3), np.array(midnights, dtype=np.int64)
    edges, wanted = np.array([100, 300, 600]), {}
    for a, z in zip(*found, strict=True):
        seen = end[z] if by_end else begin[a]
        nights = (midnights > begin[a]) & (midnights <= end[z])
        if end[z] >= 0 and 100 <= seen < 500 and (nights.any() or not len(midnights)):
            wanted.setdefault((where[1][service[a]], int(seen >= 300)), []).append(end[z] - begin[a])
    stamps = (begin, np.ones(N, dtype=bool)), (end, end >= 0)
    number, total, packed, bits = stay_loops.times(found, where, *stamps, midnights, by_end, (0, 500), edges)
    for s, p in itertools.product(range(3), range(2)):
        mine = packed[packed & ((1 << bits) - 1) == 2 * s + p] >> bits
        assert sorted(mine.tolist()) == sorted(wanted.get((s, p), []))
        assert (number[s, p], total[s, p]) == (len(mine), mine.sum())


def test_runs_over_limits_are_counted_of_those_known():
    found, service, begin, end = runs_of_visits()
    where, edges = (service, np.array([2, 0, 1, -1, -1]), 3), np.array([0, 100, 250, 500])
    left, limits = np.where(RNG.random(N) < 0.5, -1, 800), np.array([40, 60])
    wanted = np.zeros((2, 2, 3, 3), dtype=int)
    for (a, z), (k, limit) in itertools.product(zip(*found, strict=True), enumerate(limits)):
        if 0 <= begin[a] < 470 - limit and (end[z] >= 0 or left[z] < 0):
            cell = k, where[1][service[a]], np.searchsorted(edges, begin[a], "right") - 1
            wanted[0][cell] += 1
            wanted[1][cell] += end[z] < 0 or end[z] - begin[a] > limit
    stamps = (begin, np.ones(N, dtype=bool)), (end, end >= 0)
    counted = stay_loops.over_limits(found, where, *stamps, left, 470, limits, edges)
    np.testing.assert_array_equal(counted, wanted)


def test_stays_are_counted_by_where_they_led():
    _, service, _ = visits()
    last, left = codes(np.flatnonzero(service != 3)), RNG.integers(-1, 400, N)
    went, where = places(RNG.integers(-1, 3, N)), (service, np.array([2, 0, 1, -1, -1]), 3)
    out, there, edges = (
        np.array([False, True, False, False]),
        np.array([True, True, False, False]),
        np.array([0, 90, 300]),
    )
    all_of_them, of_those = stay_loops.led(last, where, left, went, out, there, edges)
    for s, p in itertools.product(range(3), range(2)):
        mine = last[(where[1][service[last]] == s) & (left[last] >= edges[p]) & (left[last] < edges[p + 1])]
        mine = mine[~out[went[mine]]]
        assert (all_of_them[s, p], of_those[s, p]) == (len(mine), there[went[mine]].sum())
    flag = there[went[last]]
    number, with_flag = stay_loops.shares(last, where, left, flag, edges)
    for s, p in itertools.product(range(3), range(2)):
        mine = (where[1][service[last]] == s) & (left[last] >= edges[p]) & (left[last] < edges[p + 1])
        assert (number[s, p], with_flag[s, p]) == (mine.sum(), flag[mine].sum())


@pytest.mark.parametrize("from_start", [True, False])
def test_what_follows_is_a_start_or_an_exit_within_the_limit(from_start):
    patient, service, links = visits()
    found = visit_loops.runs(codes(np.flatnonzero(service != 3)), codes([]), links)
    tick, is_set = np.arange(N) * 3, RNG.random(N) < 0.8
    started, has_started = tick + RNG.integers(0, 50, N), RNG.random(N) < 0.8
    way_out, left = codes(RNG.integers(-1, 2, 60)), RNG.integers(0, 3 * N, 60)
    to, out, edges = (
        np.array([False, True, False, True, False]),
        np.array([False, True, False]),
        np.array([30, 400, 1100]),
    )
    where, wanted = (service, np.array([2, 0, 1, -1, -1]), 3), np.zeros((2, 3, 2), dtype=int)
    for first, last in zip(*found, strict=True):
        at, who = first if from_start else last, patient[last]
        if is_set[at] and 30 <= tick[at] < 1300 - 300:
            later = (patient == who) & (np.arange(N) > last) & to[service] & has_started
            soonest = min([FAR, *started[later], *([left[who]] if way_out[who] == 1 else [])])
            cell = where[1][service[last]], int(tick[at] >= 400)
            wanted[0][cell] += 1
            wanted[1][cell] += soonest - tick[at] <= 300
    of = (patient, links[2]), (to, started, has_started), (out, way_out, left)
    counted = stay_loops.followed(found, where, (tick, is_set), from_start, *of, 300, 1300, edges)
    np.testing.assert_array_equal(counted, wanted)


def test_who_waited_long_for_a_bed_is_told_by_when_it_began():
    (first, last), service, queued, _ = runs_of_visits()
    links = visits()[2]
    started, has_started = queued + RNG.integers(0, 100, N), RNG.random(N) < 0.8
    ward, where = np.array([False, False, False, True]), (service, np.array([2, 0, 1, -1, -1]), 3)
    ticks, wanted = (queued, started, has_started), []
    for a, z in zip(first, last, strict=True):
        bed = links[2][z]
        if bed != -1 and ward[service[bed]] and has_started[bed] and started[bed] - queued[a] > 60:
            wanted.append((where[1][service[a]], started[bed], started[bed] - queued[a] > 80))
    found = stay_loops.admitted_after((first, last), where, links[2], ward, ticks, (60, 80))
    assert list(zip(*found, strict=True)) == wanted


def test_runs_between_places_begin_and_end_there():
    first, last = codes(np.sort(RNG.integers(0, N, (2, N)), axis=0))
    came, went, is_out = places(RNG.integers(-1, 3, N)), places(RNG.integers(-1, 3, N)), RNG.random(N) < 0.3
    some, others = np.array([True, False, True, False]), np.array([False, True, True, True])
    keep = ~is_out[first] & some[came[first]] & others[went[last]]
    found = stay_loops.between((first, last), is_out, came, some, went, others)
    np.testing.assert_array_equal(found, (first[keep], last[keep]))
    everyone = stay_loops.between((first, last), is_out[:0], came, some[:0], went, some[:0])
    np.testing.assert_array_equal(everyone, (first, last))


def spans_of():
    """Return the service of visits, from when to when each has a stretch as ``span_loops`` takes it, and their ends."""
    service, flag = codes(RNG.integers(0, 4, N)), RNG.random(N) < 0.9
    start, is_sooner = RNG.integers(-50, 500, N), RNG.random(N) < 0.5
    left = np.where(RNG.random(N) < 0.2, -1, np.maximum(start + RNG.integers(0, 300, N), 0))
    sooner, weight = start + RNG.integers(0, 200, N), codes(RNG.integers(1, 3, N))
    stop = np.where(left < 0, FAR, left)
    stop = np.where(is_sooner, np.minimum(sooner, stop), stop)
    return service, (flag, start, is_sooner, sooner, left, weight), stop


@pytest.mark.parametrize("edges", [[100, 400], [0, 70, 150, 400]])
def test_areas_and_numbers_of_visits_are_those_of_their_stretches(edges):
    service, spans, stop = spans_of()
    here, edges = [2, 0], np.array(edges)
    who = codes(RNG.integers(0, 3, N)), np.array([0, 1, -1], dtype=np.int8)
    slices, (flag, start, *_, weight) = slices_of(service, here), spans
    found = span_loops.spent(slices, spans, who, 2, edges)
    level = span_loops.open_at(slices, spans, (who[0], np.minimum(who[1], 0)), edges)
    for k, s in enumerate(here):
        for key in range(2):
            mine = flag & (service == s) & (who[1][who[0]] == key)
            wanted = areas(np.zeros(mine.sum()), 1, start[mine], stop[mine], weight[mine], edges)[0]
            np.testing.assert_array_equal(found[2 * k + key], wanted)
        mine = flag & (service == s) & (who[1][who[0]] >= 0)
        wanted = levels_at(np.zeros(mine.sum()), 1, start[mine], stop[mine], weight[mine], edges)[0]
        np.testing.assert_array_equal(level[k], wanted)
    *_, since, until, by = columns = span_loops.stretches(slices, spans, service, 1)
    rows = [row for s in here for row in np.flatnonzero(flag & (service == s) & (stop > start))]
    np.testing.assert_array_equal(columns[1], rows)
    np.testing.assert_array_equal((since, until, by), (start[rows], stop[rows], weight[rows]))


def test_areas_of_delays_are_those_of_their_kinds():
    kind, visit, start = codes(RNG.integers(0, 5, N)), RNG.integers(0, 50, N), RNG.integers(-50, 500, N)
    until = np.where(RNG.random(N) < 0.2, -1, np.maximum(start + RNG.integers(0, 300, N), 0))
    edges = np.array([0, 70, 150, 400])
    who, by_kind = (codes(RNG.integers(0, 3, 50)), np.array([0, 1, -1], dtype=np.int8)), np.array([2, -1, 0, 2, 0])
    found = span_loops.delayed((kind, visit, start, until), by_kind, who, 4, edges)
    for key, level in itertools.product((0, 2), range(2)):
        mine = (by_kind[kind] == key) & (who[1][who[0][visit]] == level)
        stop = np.where(until < 0, FAR, until)[mine]
        wanted = areas(np.zeros(mine.sum()), 1, start[mine], stop, np.ones(mine.sum()), edges)[0]
        np.testing.assert_array_equal(found[key + level], wanted)


def test_spaces_are_blocked_from_queueing_until_the_next_begins_or_the_space_is_given_up():
    _, _, (_, previous, _) = visits()
    held, has_started = np.where(RNG.random(N) < 0.3, 1, -1), RNG.random(N) < 0.7
    queued = np.arange(N) * 10
    moved, started, left = (np.where(RNG.random(N) < 0.3, -1, queued + RNG.integers(0, 3000, N)) for _ in range(3))
    started[has_started] = np.abs(started[has_started])
    wanted = []
    for row in np.flatnonzero(held >= 0):
        holder = previous[row]
        while holder != -1 and not has_started[holder]:
            holder = previous[holder]
        ends = (started[row] if has_started[row] else left[row], moved[row], left[holder])
        stop = min(FAR if tick == -1 else tick for tick in ends)
        if holder != -1 and stop > queued[row]:
            wanted.append((holder, queued[row], stop))
    found = span_loops.blocked(codes(held), previous, (queued, moved, started, left), has_started)
    assert list(zip(*found, strict=True)) == wanted


def test_time_of_episodes_and_of_other_stretches_is_covered_once():
    # Two episodes each visit, one after the other; of some visits there are other stretches, which may overlap.
    visit, start = codes(np.repeat(np.arange(N), 2)), np.repeat(RNG.integers(0, 50, N), 2)
    start[1::2] += 40
    until = start + RNG.integers(1, 40, 2 * N)
    until[1::2][RNG.random(N) < 0.1] = -1
    rows, since = codes(RNG.integers(0, N // 2, N)), RNG.integers(0, 90, N)
    found = span_loops.either((visit, start, until), (rows, since, since + 30), N)
    ends = np.where(until < 0, FAR, until)
    for row in range(N):
        parts = [*zip(start[visit == row], ends[visit == row], strict=True)]
        parts += [(t, t + 30) for t in since[rows == row]]
        covered = [
            t
            for a, z in zip(found[1][found[0] == row], found[2][found[0] == row], strict=True)
            for t in range(a, min(z, 200))
        ]
        assert len(covered) == len(set(covered))
        assert set(covered) == {t for a, z in parts for t in range(a, min(z, 200))}


def test_long_stays_are_there_from_the_limit_on():
    _, service, links = visits()
    rows = codes(np.flatnonzero(service != 3))
    heads, ticks = visit_loops.heads(rows, links), np.array([0, 100, 300, 700])
    started, has_started = np.sort(RNG.integers(-50, 600, N)), RNG.random(N) < 0.8
    left = np.where(RNG.random(N) < 0.3, -1, np.maximum(started + RNG.integers(0, 400, N), 0))
    where, wanted = (service, np.array([2, 0, 1, -1, -1]), 3), np.zeros((3, 4), dtype=int)
    for row, head in zip(rows, heads, strict=True):
        if has_started[row] and has_started[head]:
            is_there = (started[row] <= ticks) & ((ticks < left[row]) | (left[row] < 0))
            wanted[where[1][service[row]]] += is_there & (ticks >= started[head] + 90)
    found = span_loops.long_stays(rows, heads, where, (started, left, has_started), 90, ticks)
    np.testing.assert_array_equal(found, wanted)
