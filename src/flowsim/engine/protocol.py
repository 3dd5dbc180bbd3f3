"""The ordering contract: what every engine must do, in words, so that all tell one story.

**Time** is a whole number of ticks since the run's start.

**Events** are taken in the order (tick, rank, who). Ranks are below; *who* is the patient's row in
``Patients``, or for capacity changes the service, then pool, then surging service. Nothing is left to the order of
insertion. Events at the tick the run ends do not happen.

**One instant.** Handling an event may free something. What is freed is offered at once to those waiting,
best class first, then first come; each who gets it is *marked* as started (the space is theirs from then
on) and joins the worklist. The patient being handled goes on until it must wait. Then the worklist is
taken first in, first out: each patient on it goes on in the same way, and may free things in turn. The next
event is taken when the worklist is empty.

**Asking for a space.** In order: (1) a service closed to starts sends the patient to ``when_closed``,
if it has one; (2) if the space can be had and nobody stands ahead, the patient starts; (3) a service
that preempts may interrupt one of the worst class in service, latest start first, highest row first;
(4) an arrival that finds all ``queue_places`` taken is refused; (5) an arrival may balk; (6) the patient
waits. A transfer is never refused for want of room: it takes a waiting place if one of
``transfer_places`` is free, giving up the space it holds, and otherwise keeps that space. A patient who
comes back to the service just left gives the space up first, and asks like an arrival.

After an interruption what else was freed is offered. Only care can be interrupted: whoever is ready to leave is not.

**Offering spaces.** Those waiting are looked at best class first, then by when they joined the class. One
who needs more than is free stops the search. One whose class must leave ``withheld`` spaces free, and
would not, is passed over.

**Waiting places.** When someone in a transfers' waiting place starts or gives up, the first in order who
holds a space elsewhere gets the place, and joins the worklist to give that space up.

**Staff.** A step asks for all it needs at once. Each pool keeps one list, by the class of the visit, then
by when asked. On a release (or more on duty) pools are served in order of index: a request that this pool
cannot meet stops the search; one that another pool cannot meet is passed over.

**Finishing a step** frees its staff first, then the patient goes on.

**Leaving.** The branch out of a service is drawn when the patient starts there; a rule that looks at the
state looks when the patient is ready to move. The space is given up when the next place takes the
patient.

**When capacity falls** below what is in use, those in service finish and nothing starts, unless the
service says ``interrupt``: then the worst class, latest start, highest row is stopped first, each going to the head of
its class with its remaining time kept.

**Surge.** After every change of the units in use or the number waiting the rule is looked at: closed and
called for, the opening is an event ``lead`` later; open and no longer called for, it closes at once.

**Visits.** At each day's start, after everything else of that instant, the visits promised that day are added
up anew, and packages start in order while their own fit; one that does not fit stops the search unless overtaking is
allowed. Packages end at a day's start.

**Patience** runs for those who wait without a space elsewhere when they join (for all, where the service says so).
**Giving up** frees everything the patient holds, at once.

**Draws** are named by (seed, replication, stream key, patient number, purpose, ordinal), the ordinal
being how often the patient had been to that place before. So no draw depends on the order of asking.
"""

from __future__ import annotations

from enum import IntEnum


class Rank(IntEnum):
    """Order of events within a tick, low first."""

    CAPACITY = 0
    """A capacity, opening, rota or surge change."""
    FINISH = 1
    """A care step ends, or a space is ready again after turnaround."""
    READY = 2
    """A step of leaving ends."""
    PATIENCE = 3
    """A patient gives up waiting."""
    RISE = 4
    """A waiting patient's class rises."""
    ARRIVAL = 5
    """A patient arrives."""
    START = 6
    """A visiting service fills its list for the day."""
