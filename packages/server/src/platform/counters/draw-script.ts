import { CELL_ROUNDING } from '@poorter/engine';

/**
 * Takes all draws of a call, or none. Rates are GCRA: the key holds the theoretical arrival time in
 * microseconds of the server's own clock, so that machines need not agree on theirs. Quotas hold a
 * count and end with their window.
 *
 * KEYS: one a draw. ARGV, four a draw: 'r', microseconds between calls, burst, cost; or
 * 'q', calls, end of the window in milliseconds, 0.
 * Answers three numbers a draw, up to the one that refuses: allowed, calls left,
 * microseconds until whole (refused: until one would pass, negative).
 */
export const DRAW_SCRIPT = `
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000000 + tonumber(t[2])
local answers, writes = {}, {}
for i = 1, #KEYS do
  local at = (i - 1) * 4
  local a, b = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local known = tonumber(redis.call('GET', KEYS[i]) or '0')
  if ARGV[at + 1] == 'r' then
    local whole = a * b
    local before = math.max(known, now)
    local after = before + a * tonumber(ARGV[at + 4])
    if after - now > whole + a * ${CELL_ROUNDING} then
      answers[#answers + 1] = 0
      answers[#answers + 1] = 0
      answers[#answers + 1] = math.max(1, math.ceil(after - now - whole))
      return answers
    end
    answers[#answers + 1] = 1
    answers[#answers + 1] = math.max(0, math.floor((whole - (after - now)) / a + ${CELL_ROUNDING}))
    answers[#answers + 1] = math.ceil(after - now)
    writes[i] = { string.format('%.17g', after), math.max(1, math.ceil((after - now) / 1000)) }
  else
    local left = math.ceil(b - now / 1000)
    -- A machine whose clock lags asks for a window that has ended here: it gets a short one.
    if left < 1 then left = 1000 end
    if known + 1 > a then
      answers[#answers + 1] = 0
      answers[#answers + 1] = 0
      answers[#answers + 1] = left * 1000
      return answers
    end
    answers[#answers + 1] = 1
    answers[#answers + 1] = a - known - 1
    answers[#answers + 1] = left * 1000
    writes[i] = { string.format('%.0f', known + 1), left }
  end
end
for i = 1, #KEYS do
  redis.call('SET', KEYS[i], writes[i][1], 'PX', writes[i][2])
end
return answers
`;
