"""The compiled engine's parts: the functions of the reference engine over one array.

``w`` and ``f`` are the packed specification (whole numbers and fractions), ``m`` the image: see ``image``. A
patient is the row ``q``, a visit ``v``, a station ``s``; ``qa``, ``va``, ``sa`` are where these begin in the
image. Functions bear the names of what they do in the reference engine, and do it in the same order: that is
what the differential tests hold them to. ``fastmath`` stays off, for the arithmetic must be the same, bit for bit.
"""
