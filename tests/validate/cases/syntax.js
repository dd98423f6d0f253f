// wants: syntax 2:7 error
const = 5;
