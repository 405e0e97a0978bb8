"""Plain CSV: one row a frame (``left_hip_x, left_hip_y, ...``), or one row a joint (``frame, joint, x, y, z``).

Comma, semicolon or tab; a header of one row, or of names above axes, and a row of units below it. Columns are named in
many ways (see `columns`): ``Left Hip.X``, ``x_left_hip``, ``left_hip_x (mm)``, or ``x12`` for joint 12. Names are those
of a layout, of a program or of a marker set; others are points of no known body. Columns of x and y alone are keypoints
of pictures, in pixels, y down. An empty cell, ``nan``, or 0 0 0 is a joint that was not seen.

Comments before the header may state ``# unit: mm``, ``# layout: coco-17``, ``# fps: 30`` and ``# up: z``. Columns
``person``, ``session``, ``camera`` and ``body`` separate recordings, ``frame`` orders the rows, ``time`` is in seconds
or another unit, or a time of day. Other columns are not used, which is noted.
"""
