#!/usr/bin/env python3
"""Compares the times of random cron expressions with those that croniter finds (Debian's python3-croniter, 1.3.5).

usage: cron_against_croniter.py PROGRAM   where PROGRAM is built of cron_firings.cpp

Where croniter differs from crontab(5) and the cron that comes with it, it is asked in parts:
  - Two restricted fields of days. Cron wants both to agree if one begins with *, and else one of them; croniter asks not
    how they begin but whether they hold every value (`*/2` beside `1`, `1-31` beside `1`), and finds nothing for
    `31 2 1` because it finds no 31 February. So it is asked for one field with the other, or for each of them alone.
  - Days that February lacks. Croniter counts on from there into March and misses its first days (`*/29` finds no
    1 March, except in leap years). So it is asked for each day of the month alone.
  - It gives up on a time that is more than 50 years away. If there is one, the times here are nearer.
What it takes beyond cron (a sixth field, L, #, a step after a single value, a step longer than its field) is not written
here; cron_expression_test.cpp has it refused.
"""

import calendar
import random
import subprocess
import sys
from datetime import datetime, timedelta

try:
    from croniter import CroniterBadDateError, croniter
except ImportError:
    sys.exit("croniter is missing: cmake/install_dependencies installs Debian's python3-croniter")

EXPRESSIONS = 4000
TIMES = 5
EPOCH = datetime(1970, 1, 1)
FIELDS = [(0, 59, []), (0, 23, []), (1, 31, []), (1, 12, list(calendar.month_abbr)[1:]),
          (0, 7, ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"])]


def written(choice, value, first, names):
    if names and value - first < len(names) and choice.random() < 0.3:
        return choice.choice([str.upper, str.lower, str])(names[value - first])
    return str(value)


def random_field(choice, first, last, names):
    if choice.random() < 0.35:
        return "*" if choice.random() < 0.6 else f"*/{choice.randint(1, last - first)}"
    elements = []
    for _ in range(choice.choice([1, 1, 1, 2, 3])):
        low = choice.randint(first, last)
        high = choice.randint(low, last)
        text = written(choice, low, first, names)
        if choice.random() < 0.5:
            text += "-" + written(choice, high, first, names)
            if choice.random() < 0.5:
                text += f"/{choice.randint(1, last - first)}"
        elements.append(text)
    return ",".join(elements)


def random_expression(choice):
    if choice.random() < 0.01:
        return choice.choice(["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"])
    return " ".join(random_field(choice, *field) for field in FIELDS)


def times_of_croniter(expression, start):
    if expression.startswith("@"):
        return times_of_part(expression, start)
    minute, hour, month_day, month, weekday = expression.split()
    month_days = [month_day]
    expanded = croniter.expand(expression)[0][2]
    if {1, 2}.intersection(expanded) and {29, 30, 31}.intersection(expanded):
        month_days = [str(day) for day in expanded]
    if month_day[0] == "*" or weekday[0] == "*":
        parts = [(day, weekday) for day in month_days]
    else:
        parts = [(day, "*") for day in month_days] + [("*", weekday)]
    times = {time for day, of_week in parts for time in times_of_part(f"{minute} {hour} {day} {month} {of_week}", start)}
    return sorted(times)[:TIMES]


def times_of_part(expression, start):
    try:
        times = croniter(expression, start, ret_type=datetime, day_or=False)
        return [times.get_next() for _ in range(TIMES)]
    except CroniterBadDateError:
        return []


def minutes(time):
    return (time - EPOCH) // timedelta(minutes=1)


def main():
    choice = random.Random(20261123)
    cases = [(EPOCH + timedelta(minutes=choice.randint(minutes(datetime(1990, 1, 1)), minutes(datetime(2060, 1, 1)))),
              random_expression(choice)) for _ in range(EXPRESSIONS)]
    told = subprocess.run([sys.argv[1]], input="".join(f"{minutes(start)}\t{expression}\n" for start, expression in cases),
                          capture_output=True, text=True, check=True).stdout.splitlines()
    if len(told) != len(cases):
        sys.exit(f"{len(told)} answers to {len(cases)} expressions")
    wrong = never = 0
    for (start, expression), ours in zip(cases, told):
        theirs = times_of_croniter(expression, start)
        never += not theirs
        if ours != " ".join(str(minutes(time)) for time in theirs):
            wrong += 1
            print(f"'{expression}' after {start:%Y-%m-%d %H:%M}\n  croniter: {[f'{time:%Y-%m-%d %H:%M}' for time in theirs]}\n"
                  f"  ours:     {ours}")
    print(f"{len(cases)} expressions, {never} of them without a time, {wrong} differ")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
