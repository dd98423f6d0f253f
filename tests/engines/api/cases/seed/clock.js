const start = Date.now();
for (let i = 0; i < 24; i++) await sleep(3600);
({ start: start / 1000, slept: Math.round((Date.now() - start) / 1000), zone: new Date().getTimezoneOffset() })
