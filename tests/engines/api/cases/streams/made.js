const stream = Streaming.create(function* () {
  for (let i = 1; i <= 3; i++) yield i;
});
await stream.collect();
