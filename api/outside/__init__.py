"""外部留存: the newest checkpoint goes to whoever the operator cannot make forget it.

Read `places` → `stamping` → `handing` → `standing`.
"""
