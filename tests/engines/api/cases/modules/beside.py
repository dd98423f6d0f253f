import lib
import lib as again

{"greeting": lib.greet("Ada"), "same": lib is again}
