"""What shows a consent to somebody who does not trust us (R37, R38, GDPR art. 7(1)).

`evidence` brings together what records name, `report` tells it to people, and `bundle` puts both
into one file with proofs and `verifier.py`, which checks them with nothing but Python.
"""
