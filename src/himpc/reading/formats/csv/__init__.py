"""Plain CSV: one row a frame (``left_hip_x, left_hip_y, ...``), or one row a joint (``frame, joint, x, y, z``).

Comma, semicolon or tab; decimal points; a header. An empty cell, or ``nan``, is a joint that was not seen. Comments
before the header may state ``# unit: mm``, ``# layout: coco-17``, ``# fps: 30`` and ``# up: z``. Columns ``person``,
``session``, ``camera`` and ``body`` separate recordings, ``frame`` orders the rows, ``time`` is in seconds.
"""
