"""From two releases and a living process to a plan: every change gets its action or its refusal. Changes nothing."""
