// wants: bidi-control 2:15 error
const x = "is ⁧admin"; console.log(x);
