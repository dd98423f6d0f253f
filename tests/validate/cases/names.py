# wants: unknown-name 8:1 error
# wants: unknown-name 9:7 error
# wants: unknown-function 10:6 error
# wants: unknown-function 11:5 error
# wants: unknown-name 12:1 error
# wants: unknown-name 15:7 error
# wants: unknown-name 17:5 note
missing()
print(plain)
Tool.exceute("calculator", {"input": "1"})
str.uper("x")
Workflow.sequential()
def scoped():
    within = 1
print(within)
try:
    caught()
except NameError:
    print("caught")
