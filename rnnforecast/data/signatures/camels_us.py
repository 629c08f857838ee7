"""CAMELS-US (basins of the United States, daily): basin forcing, observed streamflow, and model output.

      47.24                                            forcing: latitude, elevation, area, then names, tabs and blanks
     250.31                                            mixed
    2303988466
    Year Mnth Day Hr	Dayl(s)	PRCP(mm/day)	SRAD(W/m2)	SWE(mm)	Tmax(C)	Tmin(C)	Vp(Pa)
    1980 01 01 12	30172.51	0.00	153.40	0.00	-6.54	-16.30	171.69

    01013500 1980 10 01   655.00 A                     streamflow: no names; -999.00 with the flag M is missing

    YR MNTH DY HR SWE PRCP RAIM TAIR PET ET MOD_RUN OBS_RUN
    1980 10 01 12 0.0000000 0.0000000 0.0000000 10.2500000 1.5713000 1.5400000 2.4764000 0.5550000

- Times are days; the hour is always noon and is left out, so that the three files join.
- In model output only OBS_RUN was observed: snow, effective rain, evaporation and MOD_RUN are never the target.
- Streamflow is in ft3/s, runoff in mm/day.
"""

from __future__ import annotations

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.table import About, Flagged

MODEL = "YR MNTH DY HR SWE PRCP RAIM TAIR PET ET MOD_RUN OBS_RUN"
FLOW = r"\s*\d{8}\s+\d{4}\s+\d{1,2}\s+\d{1,2}\s+-?\d+\.\d+\s+[A-Z]"
DEPTHS = ("PRCP", "RAIM", "PET", "ET", "MOD_RUN", "OBS_RUN")

streamflow = Signature(
    title="CAMELS-US streamflow",
    marks=(rf"\A(?:{FLOW}.*\n){{3}}",),
    cut=Cut(separator=" ", header=FLOW, names=("gauge_id", "year", "month", "day", "streamflow", "flag"), ragged=True),
    about=About(
        time="year + month + day",
        id=("gauge_id",),
        target=("streamflow",),
        units=(("streamflow", "ft3/s"),),
        titles=(("streamflow", "Discharge, daily mean"),),
        missing=("-999",),
        flags=(Flagged("flag", ("streamflow",), bad=("M",), provisional=("P",), estimated=("e",)),),
    ),
)
model = Signature(
    title="CAMELS-US model output",
    marks=(rf"\A\s*{MODEL}\s*$".replace(" ", r"\s+"),),
    cut=Cut(separator=" ", header=r"\s*YR\s+MNTH\s"),
    about=About(
        time="YR + MNTH + DY",
        target=("OBS_RUN",),
        aside=(r"^(HR|SWE|RAIM|PET|ET|MOD_RUN)$",),
        units=(("SWE", "mm"), ("TAIR", "°C"), *((name, "mm/day") for name in DEPTHS)),
        titles=(("OBS_RUN", "Runoff, observed"), ("MOD_RUN", "Runoff, modelled")),
        missing=("-999",),
    ),
)
signature = Signature(
    title="CAMELS-US forcing",
    marks=(r"^[ \t]*Year[ \t]+Mnth[ \t]+Day[ \t]+Hr[ \t]+[Dd]ayl\(s\)\s+(?:prcp|PRCP)\(mm/day\)",),
    cut=Cut(separator=" ", header=r"\s*Year\s+Mnth\s+Day\s+Hr\s"),
    about=About(time="Year + Mnth + Day", aside=(r"^Hr$", r"^[Dd]ayl\b"), missing=("-999",)),
    also=(streamflow, model),
)
