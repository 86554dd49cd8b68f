"""What shows a consent to somebody who does not trust us (R37, R38, GDPR art. 7(1))."""
