const value = JSON.parse('{"b": {}, "a": [1, 2.5, "x", null, true]}');
({ text: JSON.stringify(value), deep: value.a[1] });
