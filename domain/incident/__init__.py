"""事件 (incident): read words, rules, events, state and commands, in that order."""
