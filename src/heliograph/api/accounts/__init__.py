"""Routes about who may do what: operators, devices and their enrolment, the audit log."""
