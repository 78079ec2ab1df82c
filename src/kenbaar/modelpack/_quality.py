"""How well a face can be used for enrolment, told in words a person can act on."""
