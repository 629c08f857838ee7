"""USGS NWIS tab files (RDB), instantaneous and daily values, one site or several stacked.

    # Data provided for site 11337080
    #    TS_ID       Parameter Description
    #    15549       00065     Gage height, feet
    agency_cd	site_no	datetime	tz_cd	15549_00065	15549_00065_cd
    5s	15s	20d	6s	14n	10s
    USGS	11337080	2019-01-01 00:00	PST	3.99	P

- Daily values have no tz_cd and a statistic: 68479_00060_00003 is a mean. So do the titles above:
  `#  01   00060     00003     Discharge, cubic feet per second (Mean)`.
- The numbers of series differ between sites. Where several are stacked the columns are 00065, 00060_00003.
- Files of 2003 write 7,250 for 7250.
"""

from __future__ import annotations

import re
from typing import Any

from rnnforecast.data.signatures import Cut, Signature, Texts
from rnnforecast.data.signatures._lines import header_in
from rnnforecast.data.signatures._usgs import PARAMETERS, flags_in, parameter, targets_in, values_in
from rnnforecast.data.table import About

HEADER = r"agency_cd\tsite_no\tdatetime\t"
_TITLE = re.compile(r"^#\s+(?:USGS\s+)?(\d+)\s+(\d{5})\s+(?:(\d{5})\s+)?(\S.*?)\s*$", re.MULTILINE)
_STATION = re.compile(r"^#\s+USGS\s+(\d{8,15}\s+\S.*?)\s*$", re.MULTILINE)
_STATISTIC = re.compile(r"\s*\((?:Mean|Maximum|Minimum|Sum|Median|Instantaneous)[^()]*\)$", re.IGNORECASE)
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")


def common(name: str) -> str:
    """«00065» of 15549_00065 and «00060_00003_cd» of 68479_00060_00003_cd: as it is called at every site."""
    return re.sub(r"^\d+_(?=\d{5})", "", name)


def learn(head: str) -> dict[str, Any]:
    """Titles of the columns, the station, and which value each _cd column speaks of."""
    names = header_in(head, HEADER, "\t")
    names = tuple(dict.fromkeys([*names, *map(common, names)]))  # whether sites are stacked the head does not tell
    titles = titles_in(head)
    stations = dict.fromkeys(_STATION.findall(head))
    return {
        "time": "datetime + tz_cd" if "tz_cd" in names else "datetime",
        "target": targets_in(names),
        "titles": tuple((name, titles[name]) for name in names if name in titles),
        "units": tuple((name, unit(titles.get(name, ""), parameter(name))) for name in values_in(names)),
        "station": next(iter(stations)) if len(stations) == 1 else "",
        "flags": flags_in(names),
    }


def titles_in(head: str) -> dict[str, str]:
    """«Gage height, feet, [PRIMARY]» by the name of the column, and by its common name."""
    titles = {"_".join(filter(None, match[:3])): match[3] for match in _TITLE.findall(head)}
    return {common(name): title for name, title in reversed(titles.items())} | titles


def unit(title: str, code: str) -> str:
    """«feet» of «Gage height, feet, [PRIMARY]»; as the parameter always has it where there is no title."""
    _, comma, said = _STATISTIC.sub("", title.split("[")[0].strip(" ,")).rpartition(", ")
    return said.removeprefix("in ") if comma else PARAMETERS.get(code, ("", ""))[1]


def plain_numbers(columns: Texts) -> Texts:
    """7250 for 7,250."""
    return {name: [unmarked(cell) for cell in cells] if parameter(name) else cells for name, cells in columns.items()}


def unmarked(cell: str) -> str:
    return cell.replace(",", "") if "," in cell and _THOUSANDS.fullmatch(cell) else cell


HINT = "download 'Current/Historical observations' or daily data (format=rdb) for the site"
signature = Signature(
    title="USGS RDB",
    marks=(rf"^{HEADER}", r"^\d+s\s+\d+s\s+\d+[ds]\b"),
    cut=Cut(separator="\t", header=HEADER, below=1, comment="#", stacked=True, rename=common),
    about=About(id=("site_no",), missing=("-999999",)),
    learn=learn,
    tidy=plain_numbers,
    refuse=(
        (
            r"^agency_cd\tsite_no\tpeak_dt\t",
            "a USGS list of annual peaks, one row a year at irregular dates; expected instantaneous or daily values",
            HINT,
        ),
        (r"^agency_cd\tsite_no\tstation_nm\t", "a USGS list of sites; expected instantaneous or daily values", HINT),
        (
            r"^agency_cd\tsite_no\t(?:measurement_nu|site_tp_cd\tlev_dt|lev_dt)\t",
            "a USGS list of field measurements at irregular dates; expected instantaneous or daily values",
            HINT,
        ),
        (r"^agency_cd\tsite_no\tparameter_cd\tts_id\t", "USGS statistics over all years; expected values", HINT),
        (r"^INDEP\tSHIFT\tDEP\b", "a USGS rating table; expected instantaneous or daily values", HINT),
        (r"^#\s+(No sites found matching all criteria)", r"USGS's answer and no data: \1", "check site and dates"),
    ),
)
