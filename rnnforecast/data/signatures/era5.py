"""ERA5 and ERA5-Land time series as CSV (Copernicus CDS).

    valid_time,t2m,tp,latitude,longitude
    2020-01-01 00:00:00,279.76,0.000012,53.49,-10.015

- Times are UTC; units by the ECMWF parameter table: K, Pa, m of water, J/m2.
- Latitude and longitude are the place: constant, or the id of the series where a file holds several points.
"""

from __future__ import annotations

import csv
from typing import Any

from rnnforecast.data.signatures import Cut, Signature
from rnnforecast.data.table import About

PLACE = ("latitude", "longitude")
UNITS = {
    **dict.fromkeys(("t2m", "d2m", "skt", "sst", "mx2t", "mn2t", "lmlt", "stl1", "stl2", "stl3", "stl4"), "K"),
    **dict.fromkeys(("sp", "msl"), "Pa"),
    **dict.fromkeys(("tp", "e", "pev", "ro", "sro", "ssro", "sf", "smlt", "sd", "sde", "swh", "hmax"), "m"),
    **dict.fromkeys(("u10", "v10", "u100", "v100", "fg10", "i10fg", "si10", "ws10", "ws100"), "m/s"),
    **dict.fromkeys(("ssrd", "strd", "ssr", "str", "fdir", "slhf", "sshf"), "J/m2"),
    **dict.fromkeys(("swvl1", "swvl2", "swvl3", "swvl4"), "m3/m3"),
    **dict.fromkeys(("mwd", "wdir10", "wdir100"), "°"), **dict.fromkeys(("mwp", "pp1d"), "s"),
}  # fmt: skip


def learn(head: str) -> dict[str, Any]:
    """Units of the columns, and the place as id where it changes."""
    names, *rows = csv.reader(head.split("\n")[:-1] or [head])  # the last line may be cut
    at = [names.index(name) for name in PLACE if name in names]
    places = {tuple(row[i] for i in at) for row in rows if len(row) == len(names)}
    return {
        "units": tuple((name, UNITS[name]) for name in names if name in UNITS),
        "id": PLACE if len(places) > 1 else (),
    }


signature = Signature(
    title="ERA5",
    marks=(r"\A(?:\w+,)*valid_time(?:,\w+)*$", rf"\A(?:\w+,)*(?:{'|'.join(UNITS)})\b"),
    cut=Cut(separator=","),
    about=About(time="valid_time", aside=(r"^(number|expver|step|surface)$",), zone="UTC"),
    learn=learn,
)
