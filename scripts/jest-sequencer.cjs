const Sequencer = require('@jest/test-sequencer').default;

/** Those that take minutes each: what begins last ends last, while every other worker has nothing to do. */
const LONG = ['/test/model/', '/test/e2e/', '/test/conversation/stress'];

/** Jest's own order, by size on a new machine, after the long ones. */
module.exports = class LongFirst extends Sequencer {
  async sort(tests) {
    const isLong = ({ path }) => LONG.some((part) => path.replaceAll('\\', '/').includes(part));
    const sorted = await super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
};
