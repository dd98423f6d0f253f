-- wants: unknown-name 5:1 error
-- llmspell: off unknown-name
first_one()
second_one() -- llmspell: off unknown-name, unknown-function
third_one()
Tool.exceute() -- llmspell: off unknown-function
