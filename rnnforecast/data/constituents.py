"""The tidal constituents: what turns in each, how far it stands from its stronger neighbours, what modulates it.

Of UTide's 146 constituents the 68 that it selects by itself. LINEAR come from the tide-raising forces, SHALLOW are made
of these by friction and shoaling: M4 = 2 M2. SATELLITES are neighbours too close to tell apart in less than 18.6 years.

Source: utide 0.4.0, ut_constants.npz (MIT). Foreman 1977, Manual for tidal heights analysis and prediction; Pawlowicz,
Beardsley and Lentz 2002, t_tide, Computers & Geosciences 28; Codiga 2011, Unified tidal analysis and prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

# Name; cycles per hour to the nearest constituent that comes first (Rayleigh); Doodson's numbers: turns per turn of
# tau, s, h, p, N', p' (astronomy.positions); phase in cycles.
LINEAR = """
SA   0.0001140850  0  0  1  0  0 -1 0
SSA  0.0002281591  0  0  2  0  0  0 0
MSM  0.0002023710  0  1 -2  1  0  0 0
MM   0.0013097809  0  1  0 -1  0  0 0
MSF  0.0028219327  0  2 -2  0  0  0 0
MF   0.0002281591  0  2  0  0  0  0 0
ALP1 0.0013097808  1 -4  2  1  0  0 -0.25
2Q1  0.0015121519  1 -3  0  2  0  0 -0.25
SIG1 0.0002023711  1 -3  2  0  0  0 -0.25
Q1   0.0015121518  1 -2  0  1  0  0 -0.25
RHO1 0.0002023710  1 -2  2 -1  0  0 -0.25
O1   0.0030500918  1 -1  0  0  0  0 -0.25
TAU1 0.0002281592  1 -1  2  0  0  0 -0.75
BET1 0.0002281591  1  0 -2  1  0  0 -0.75
NO1  0.0015121518  1  0  0  1  0  0 -0.75
CHI1 0.0002023710  1  0  2 -1  0  0 -0.75
PI1  0.0001140741  1  1 -3  0  0  1 -0.25
P1   0.0002281591  1  1 -2  0  0  0 -0.25
S1   0.0001140741  1  1 -1  0  0  1 -0.75
K1   0.0417807462  1  1  0  0  0  0 -0.75
PSI1 0.0001140741  1  1  1  0  0 -1 -0.75
PHI1 0.0002281591  1  1  2  0  0  0 -0.75
THE1 0.0002023711  1  2 -2  1  0  0 -0.75
J1   0.0015121519  1  2  0 -1  0  0 -0.75
OO1  0.0015379399  1  3  0  0  0  0 -0.75
UPS1 0.0015121518  1  4  0 -1  0  0 -0.75
OQ2  0.0002023710  2 -3  0  3  0  0 0
EPS2 0.0013097809  2 -3  2  1  0  0 0
2N2  0.0002023710  2 -2  0  2  0  0 0
MU2  0.0013097808  2 -2  2  0  0  0 0
N2   0.0015121519  2 -1  0  1  0  0 0
NU2  0.0002023710  2 -1  2 -1  0  0 0
GAM2 0.0000882970  2  0 -2  2  0  0 -0.5
H1   0.0001140741  2  0 -1  0  0  1 -0.5
M2   0.0805114007  2  0  0  0  0  0 0
H2   0.0001140741  2  0  1  0  0 -1 0
LDA2 0.0002023710  2  1 -2  1  0  0 -0.5
L2   0.0013097808  2  1  0 -1  0  0 -0.5
T2   0.0001140741  2  2 -3  0  0  1 0
S2   0.0028219326  2  2 -2  0  0  0 0
R2   0.0001140741  2  2 -1  0  0 -1 -0.5
K2   0.0002281591  2  2  0  0  0  0 0
ETA2 0.0015121519  2  3  0 -1  0  0 0
M3   0.0402557003  3  0  0  0  0  0 -0.5
"""

# Of each: turns per turn of p, N', p'; phase in cycles; size relative to the constituent; what latitude does to it:
# 0 nothing, 1 a diurnal and 2 a semidiurnal wave of the third degree (astronomy.at_latitude).
SATELLITES = """
ALP1: -1 0 0 0.75 0.036 1, 0 -1 0 0 0.1906 0
2Q1: -2 -2 0 0.5 0.0063 0, -1 -1 0 0.75 0.0241 1, -1 0 0 0.75 0.0607 1, 0 -2 0 0.5 0.0063 0, 0 -1 0 0 0.1885 0
SIG1: -1 0 0 0.75 0.0095 1, 0 -2 0 0.5 0.0061 0, 0 -1 0 0 0.1884 0, 2 0 0 0.5 0.0087 0
Q1: -2 -3 0 0.5 0.0007 0, -2 -2 0 0.5 0.0039 0, -1 -2 0 0.75 0.001 1, -1 -1 0 0.75 0.0115 1, -1 0 0 0.75 0.0292 1,
    0 -2 0 0.5 0.0057 0, -1 0 1 0 0.0008 0, 0 -1 0 0 0.1884 0, 1 0 0 0.75 0.0018 1, 2 0 0 0.5 0.0028 0
RHO1: 0 -2 0 0.5 0.0058 0, 0 -1 0 0 0.1882 0, 1 0 0 0.75 0.0131 1, 2 0 0 0.5 0.0576 0, 2 1 0 0 0.0175 0
O1: -1 0 0 0.25 0.0003 1, 0 -2 0 0.5 0.0058 0, 0 -1 0 0 0.1885 0, 1 -1 0 0.25 0.0004 1, 1 0 0 0.75 0.0029 1,
    1 1 0 0.25 0.0004 1, 2 0 0 0.5 0.0064 0, 2 1 0 0.5 0.001 0
TAU1: -2 0 0 0 0.0446 0, -1 0 0 0.25 0.0426 1, 0 -1 0 0.5 0.0284 0, 0 1 0 0.5 0.217 0, 0 2 0 0.5 0.0142 0
BET1: 0 -1 0 0 0.2266 0
NO1: -2 -2 0 0.5 0.0057 0, -2 -1 0 0 0.0665 0, -2 0 0 0 0.3596 0, -1 -1 0 0.75 0.0331 1, -1 0 0 0.25 0.2227 1,
    -1 1 0 0.75 0.029 1, 0 -1 0 0.5 0.029 0, 0 1 0 0 0.2004 0, 0 2 0 0.5 0.0054 0
CHI1: 0 -1 0 0.5 0.0282 0, 0 1 0 0 0.2187 0
PI1: 0 -1 0 0.5 0.0078 0
P1: 0 -2 0 0 0.0008 0, 0 -1 0 0.5 0.0112 0, 0 0 2 0.5 0.0004 0, 1 0 0 0.75 0.0004 1, 2 0 0 0.5 0.0015 0,
    2 1 0 0.5 0.0003 0
S1: 0 0 -2 0 0.3534 0, 0 1 0 0.5 0.0264 0
K1: -2 -1 0 0 0.0002 0, -1 -1 0 0.75 0.0001 1, -1 0 0 0.25 0.0007 1, -1 1 0 0.75 0.0001 1, 0 -2 0 0 0.0001 0,
    0 -1 0 0.5 0.0198 0, 0 1 0 0 0.1356 0, 0 2 0 0.5 0.0029 0, 1 0 0 0.25 0.0002 1, 1 1 0 0.25 0.0001 1
PSI1: 0 1 0 0 0.019 0
PHI1: -2 0 0 0 0.0344 0, -2 1 0 0 0.0106 0, 0 0 -2 0 0.0132 0, 0 1 0 0.5 0.0384 0, 0 2 0 0.5 0.0185 0
THE1: -2 -1 0 0 0.03 0, -1 0 0 0.25 0.0141 1, 0 -1 0 0.5 0.0317 0, 0 1 0 0 0.1993 0
J1: 0 -1 0 0.5 0.0294 0, 0 1 0 0 0.198 0, 0 2 0 0.5 0.0047 0, 1 -1 0 0.75 0.0027 1, 1 0 0 0.25 0.0816 1,
    1 1 0 0.25 0.0331 1, 1 2 0 0.25 0.0027 1, 2 0 0 0.5 0.0152 0, 2 1 0 0.5 0.0098 0, 2 2 0 0.5 0.0057 0
OO1: -2 -1 0 0.5 0.0037 0, -2 0 0 0 0.1496 0, -2 1 0 0 0.0296 0, -1 0 0 0.25 0.024 1, -1 1 0 0.25 0.0099 1,
    0 1 0 0 0.6398 0, 0 2 0 0 0.1342 0, 0 3 0 0 0.0086 0
UPS1: -2 0 0 0 0.0611 0, 0 1 0 0 0.6399 0, 0 2 0 0 0.1318 0, 1 0 0 0.25 0.0289 1, 1 1 0 0.25 0.0257 1
OQ2: -1 0 0 0.25 0.1042 2, 0 -1 0 0.5 0.0386 0
EPS2: -1 -1 0 0.25 0.0075 2, -1 0 0 0.25 0.0402 2, 0 -1 0 0.5 0.0373 0
2N2: -2 -2 0 0.5 0.0061 0, -1 -1 0 0.25 0.0117 2, -1 0 0 0.25 0.0678 2, 0 -1 0 0.5 0.0374 0
MU2: -1 -1 0 0.25 0.0018 2, -1 0 0 0.25 0.0104 2, 0 -1 0 0.5 0.0375 0
N2: -2 -2 0 0.5 0.0039 0, -1 0 1 0 0.0008 0, 0 -2 0 0 0.0005 0, 0 -1 0 0.5 0.0373 0
NU2: 0 -1 0 0.5 0.0373 0, 1 0 0 0.75 0.0042 2, 2 0 0 0 0.0042 0, 2 1 0 0.5 0.0036 0
GAM2: -2 -2 0 0 0.1429 0, -1 0 0 0.25 0.0293 2, 0 -1 0 0.5 0.033 0
H1: 0 -1 0 0.5 0.0224 0, 1 0 -1 0.5 0.0447 0
M2: -1 -1 0 0.75 0.0001 2, -1 0 0 0.75 0.0004 2, 0 -2 0 0 0.0005 0, 0 -1 0 0.5 0.0373 0, 1 -1 0 0.25 0.0001 2,
    1 0 0 0.75 0.0009 2, 1 1 0 0.75 0.0002 2, 2 0 0 0 0.0006 0, 2 1 0 0 0.0002 0
H2: 0 -1 0 0.5 0.0217 0
LDA2: 0 -1 0 0.5 0.0448 0
L2: 0 -1 0 0.5 0.0366 0, 2 -1 0 0 0.0047 0, 2 0 0 0.5 0.2505 0, 2 1 0 0.5 0.1102 0, 2 2 0 0.5 0.0156 0
S2: 0 -1 0 0 0.0022 0, 1 0 0 0.75 0.0001 2, 2 0 0 0 0.0001 0
R2: 0 0 2 0.5 0.2535 0, 0 1 2 0 0.0141 0
K2: -1 0 0 0.75 0.0024 2, -1 1 0 0.75 0.0004 2, 0 -1 0 0.5 0.0128 0, 0 1 0 0 0.298 0, 0 2 0 0 0.0324 0
ETA2: 0 -1 0 0.5 0.0187 0, 0 1 0 0 0.4355 0, 0 2 0 0 0.0467 0, 1 0 0 0.75 0.0747 2, 1 1 0 0.75 0.0482 2,
    1 2 0 0.75 0.0093 2, 2 0 0 0.5 0.0078 0
M3: 0 -1 0 0.5 0.0564 0
"""

# Name; cycles per hour to the nearest constituent that comes first; how often each linear one goes into it.
SHALLOW = """
SO1  0.0002281591 +1*S2 -1*O1
MKS2 0.0002281591 +1*M2 +1*K2 -1*S2
MSN2 0.0002281591 +1*M2 +1*S2 -1*N2
MO3  0.0015250459 +1*M2 +1*O1
SO3  0.0002281591 +1*S2 +1*O1
MK3  0.0015250459 +1*M2 +1*K1
SK3  0.0028219327 +1*S2 +1*K1
MN4  0.0015121518 +1*M2 +1*N2
M4   0.0402557003 +2*M2
SN4  0.0013097808 +1*S2 +1*N2
MS4  0.0028219327 +1*M2 +1*S2
MK4  0.0002281591 +1*M2 +1*K2
S4   0.0028219327 +2*S2
SK4  0.0002281591 +1*S2 +1*K2
2MK5 0.0417807462 +2*M2 +1*K1
2SK5 0.0056438654 +2*S2 +1*K1
2MN6 0.0015121519 +2*M2 +1*N2
M6   0.0387306545 +3*M2
2MS6 0.0028219327 +2*M2 +1*S2
2MK6 0.0002281591 +2*M2 +1*K2
2SM6 0.0028219326 +2*S2 +1*M2
MSK6 0.0002281591 +1*M2 +1*S2 +1*K2
3MK7 0.0417807462 +3*M2 +1*K1
M8   0.0387306545 +4*M2
"""


@dataclass(frozen=True)
class Table:
    """K constituents, made of L linear ones that M satellites modulate."""

    names: tuple[str, ...]
    apart: F64  # (K,) cycles per hour to the nearest constituent that comes first
    doodson: F64  # (K, 6) turns per turn of tau, s, h, p, N', p'
    phase: F64  # (K,) cycles
    mix: F64  # (K, L) how often each linear one goes into it: whole numbers
    owner: F64  # (L, M) 1 where the satellite belongs to the linear one
    moving: F64  # (M, 3) turns per turn of p, N', p'
    shift: F64  # (M,) cycles
    ratio: F64  # (M,) size relative to the linear one
    degree: F64  # (M,) 0, 1, 2: what latitude does to it


@cache
def table() -> Table:
    """All constituents, the linear ones first."""
    linear = [(name, *map(float, rest)) for name, *rest in map(str.split, LINEAR.strip().splitlines())]
    shallow = [line.split() for line in SHALLOW.strip().splitlines()]
    order = {str(row[0]): place for place, row in enumerate(linear)}
    mix = np.vstack([np.eye(len(linear)), [mixed(terms, order) for _, _, *terms in shallow]])
    numbers = np.array([row[1:] for row in linear])
    owner, satellites = modulation(order)
    return Table(
        names=(*order, *(row[0] for row in shallow)),
        apart=np.concatenate([numbers[:, 0], [float(row[1]) for row in shallow]]),
        doodson=mix @ numbers[:, 1:7],
        phase=mix @ numbers[:, 7],
        mix=mix,
        owner=owner,
        moving=satellites[:, :3],
        shift=satellites[:, 3],
        ratio=satellites[:, 4],
        degree=satellites[:, 5],
    )


def mixed(terms: list[str], order: dict[str, int]) -> F64:
    """«+2*M2 -1*O1» as a row of L numbers."""
    row = np.zeros(len(order))
    for term in terms:
        times, name = term.split("*")
        row[order[name]] = float(times)
    return row


def modulation(order: dict[str, int]) -> tuple[F64, F64]:
    """Whose each satellite is, (L, M), and its six numbers, (M, 6)."""
    owners, rows = [], []
    for text in SATELLITES.strip().replace(",\n", ",").splitlines():
        name, _, listed = text.partition(":")
        for satellite in listed.split(","):
            owners.append(order[name])
            rows.append([float(number) for number in satellite.split()])
    return (np.arange(len(order))[:, None] == owners).astype(np.float64), np.array(rows)


@cache
def chosen(names: tuple[str, ...]) -> Table:
    """The table of these constituents alone, with the linear ones and satellites that they need."""
    whole = table()
    rows = [whole.names.index(name) for name in names]
    linear = whole.mix[rows].any(axis=0)
    moons = whole.owner[linear].any(axis=0)
    return Table(
        names=names,
        apart=whole.apart[rows],
        doodson=whole.doodson[rows],
        phase=whole.phase[rows],
        mix=whole.mix[rows][:, linear],
        owner=whole.owner[linear][:, moons],
        moving=whole.moving[moons],
        shift=whole.shift[moons],
        ratio=whole.ratio[moons],
        degree=whole.degree[moons],
    )
