"""Jobs run one after the other in a lane, and all processes end whatever happens; processes are made up."""

from bridgemark.benchmarks.advise.lanes import Job, run_lanes


class MadeUp:
    """A process with these reports, over at the second look; it notes when it begins and is closed."""

    def __init__(self, name, events, *reports):
        self.name, self.events, self.waiting, self.looks = name, events, list(reports), 0
        self.is_done = any("done" in report for report in reports)
        events.append(f"{name} begins")

    def is_over(self):
        self.looks += 1
        return self.looks > 1

    def reports(self):
        reports, self.waiting = self.waiting, []
        return reports

    def why_over(self):
        return "it crashed"

    def close(self):
        self.events.append(f"{self.name} is closed")


REPORTS = {"nuts": [{"phase": "nuts"}, {"done": True}], "dds": [{"error": "no \x1b base"}], "smc": []}
LANES = [[Job("nuts", 1.0), Job("dds", 1.0)], [Job("smc", 1.0)]]


def starter(events):
    return lambda job, lane: MadeUp(job.name, events, *REPORTS[job.name])


def test_every_job_ends_with_its_reports_or_its_failure():
    events = []
    ended = {item.job.name: item for item in run_lanes(LANES, starter(events))}
    assert {name: item.failure for name, item in ended.items()} == {
        "nuts": None,
        "dds": r"no \x1b base",
        "smc": "it crashed",
    }
    assert ended["nuts"].report == {"phase": "nuts", "done": True}
    assert events.index("nuts is closed") < events.index("dds begins")
    assert events.index("smc begins") < events.index("nuts is closed")


def test_processes_are_closed_where_the_caller_stops_early():
    events = []
    jobs = run_lanes(LANES, starter(events))
    next(jobs)
    jobs.close()
    begun = {event.removesuffix(" begins") for event in events if event.endswith("begins")}
    assert {f"{name} is closed" for name in begun} <= set(events)
