-- title: results of every kind that cannot cross
-- threat: T-ENG-4
-- verdict: error validation
-- says: is a function
return {list = {1, {callback = print}}}
