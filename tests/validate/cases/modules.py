# wants: unknown-module 5:8 error
# wants: unknown-module 6:8 error
# wants: unknown-module 6:8 error
import lib.beside, json
import numpy
import lib.package.part
