/** The program, as people call it: what it says, how it ends. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, it } from 'vitest'
import { CLAUSES } from '../../src/conformance/clauses.js'
import { runProgram, runStore, STORES } from './cli/run-program.js'

const LONG = 60_000
const folder = mkdtempSync(join(tmpdir(), 'stint-cli-'))
const file = (name: string): string => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a run', { timeout: LONG }, () => {
  it('of a whole store › ends with 0, each clause in contract order, and the totals', async () => {
    const { code, out, err } = await runProgram(['--store', 'memory:', '--only', 'FENCE-2,FENCE-1,open'])
    assert.equal(err, '')
    assert.equal(code, 0)
    const told = [...out.matchAll(/^ {2}([A-Z]+-\d+) +pass /gm)].map(([, id]) => id)
    assert.ok(told.includes('FENCE-1') && told.includes('FENCE-2') && told.includes('OPEN-1'))
    const order = CLAUSES.map(({ id }) => id).filter((id) => told.includes(id))
    assert.deepEqual(told, order)
    assert.match(out, /^ {2}open +\d+ passed, \d+ skipped/m)
    assert.match(out, /^memory declares: .*atomicBatches yes/m)
    assert.match(out, /^\d+ passed, 0 failed, \d+ skipped, 0 not exercised/m)
    assert.match(out, /the suite was given no `engine.makeUnsafe`: 1 case \(OPEN-3\)/)
    assert.ok(!out.includes('\u001b'), 'no colours where nobody looks')
  })

  it('of a store that is made later, or prints › is told all the same', async () => {
    const [later, prints] = await Promise.all([runStore('later'), runStore('prints')])
    assert.match(later.out, /^\d+ passed, 0 failed/m)
    assert.match(prints.out, /connected/)
    assert.deepEqual([later.code, prints.code], [0, 0])
  })

  it('of a store that breaks one clause › ends with 1, and says promise, place, records and calls', async () => {
    const { code, out } = await runStore('unfenced', '--only', 'FENCE,ATOM-2')
    assert.equal(code, 1)
    assert.match(out, /^ {2}FENCE-1 +FAIL/m)
    const first = out.slice(out.indexOf('Failure 1'), out.indexOf('Failure 2'))
    assert.match(first, /with the token of an earlier attempt › is refused and changes nothing \[FENCE-1, ATOM-2\]/)
    assert.match(first, /ok: expected false, got true/)
    assert.match(first, /FENCE-1: Under any token but that of the lease in force nothing changes/)
    assert.match(first, /breaks the README's promise 2/)
    assert.match(first, /look at: every statement that takes a token/)
    const [, late] = /if token (token-\d+): succeeded, set state 'succeeded'.* → changes applied/.exec(first) ?? []
    assert.ok(late, 'the call that went wrong is told')
    const [, id] = /^ {4}(job-\d+):$/m.exec(first) ?? []
    assert.ok(id && first.includes(`change ${id} if token ${late}`), 'the record is that of the job')
    assert.match(first, /events: 1 enqueued .* 5 succeeded leased→succeeded fence 4/)
  })

  it('--bail › ends at the first failure', async () => {
    const { code, out } = await runStore('unfenced', '--only', 'FENCE', '--bail')
    assert.equal(code, 1)
    assert.match(out, /, 1 failed, /)
    assert.doesNotMatch(out, /^Failure 2/m)
  })

  it('--quiet and --verbose › tell less and more', async () => {
    const quiet = await runStore('conformance', '--only', 'FENCE-5', '--quiet')
    assert.doesNotMatch(quiet.out, /Clauses|changes/)
    assert.match(quiet.out, /^\d+ passed, 0 failed/m)
    const verbose = await runStore('conformance', '--only', 'FENCE-5', '--verbose')
    assert.match(verbose.out, /pass +a token › stands in the record of the lease and nowhere else/)
  })

  it('with one of each outcome › is the same in text, JSON and JUnit', async () => {
    const [json, junit] = [file('mixed.json'), file('mixed.xml')]
    const { code, out } = await runStore('mixed', '--json', json, '--junit', junit)
    assert.equal(code, 1)
    const report = JSON.parse(readFileSync(json, 'utf8'))
    const { passed, failed, skipped, notExercised } = report
    assert.ok(passed > 0 && failed > 0 && skipped > 0 && notExercised > 0)
    assert.ok(out.includes(`${passed} passed, ${failed} failed, ${skipped} skipped, ${notExercised} not exercised`))
    assert.match(out, /race 2 › settle and expire at once .*\n {4}of 200 races the first call won 200/)
    assert.equal(report.format, 1)
    assert.equal(report.clauses.find(({ id }: { id: string }) => id === 'CLAIM-6').outcome, 'failed')
    assert.equal(report.clauses.find(({ id }: { id: string }) => id === 'OPEN-3').outcome, 'skipped')
    assert.equal(report.clauses.find(({ id }: { id: string }) => id === 'GUARD-3').outcome, 'not exercised')
    const xml = readFileSync(junit, 'utf8')
    const totals = `tests="${passed + failed + skipped + notExercised}" failures="${failed}" errors="0" skipped="${skipped + notExercised}"`
    assert.ok(xml.includes(`<testsuites name="mixed" ${totals}`))
    assert.equal(xml.match(/<failure /g)?.length, failed)
    assert.equal(xml.match(/<skipped message="not exercised: /g)?.length, notExercised)
  })
})

describe('wrong use ends with 2 and says what was expected', { timeout: LONG }, () => {
  const CASES: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['nothing', [], /expected --store URL or --module FILE, got neither/],
    ['both', ['--store', 'memory:', '--module', STORES], /got both/],
    ['an unknown option', ['--stor', 'memory:'], /--stor/],
    ['a number that is none', ['--store', 'memory:', '--runs', 'many'], /--runs: expected a whole number.*got 'many'/],
    ['a word that is no clause', ['--store', 'memory:', '--only', 'FENCEX'], /got 'FENCEX'[\s\S]*groups: ATOM, GUARD/],
    ['no URL', ['--store', 'memory'], /expected a URL .*got 'memory'/],
    ['an unknown scheme', ['--store', 'cassandra://here'], /Nothing here knows "cassandra:" URLs/],
    ['a file that is not there', ['--module', './no-such.js'], /there is no file .*no-such\.js/],
    [
      'a file that cannot be written',
      ['--store', 'memory:', '--json', '/no/such/folder/x.json'],
      /--json: .* cannot be/,
    ],
    ['an export that is not there', ['--module', STORES, '--export', 'none'], /has no export none.*its exports: /],
    ['an export that is no store', ['--module', STORES, '--export', 'noStore'], /expected a ConformanceOptions.*stor:/],
    ['a field of another type', ['--module', STORES, '--export', 'notAll'], /expected destroy to be a function/],
    ['a function that throws', ['--module', STORES, '--export', 'throwsWhenMade'], /no password.*\n.*stores\.ts/],
    ['a promise that never settles', ['--module', STORES, '--export', 'neverMade'], /a promise that nothing settles/],
    [
      'a store that does not open',
      ['--module', STORES, '--export', 'opensNot'],
      /No store could be.*\n.*nobody listens/,
    ],
    [
      'a store that opens for ever',
      ['--module', STORES, '--export', 'opensNever', '--case-ms', '200'],
      /it waited for store\.open\(\)/,
    ],
    ['a space that cannot be destroyed', ['--module', STORES, '--export', 'destroysNot'], /the folder is in use/],
  ]
  for (const [name, args, says] of CASES) {
    it(name, async () => {
      const { code, err } = await runProgram(args)
      assert.match(err, says)
      assert.equal(code, 2)
    })
  }

  it('a module with a syntax error', async () => {
    writeFileSync(file('broken.mjs'), 'export const conformance = {\n  store( {\n')
    const { code, err } = await runProgram(['--module', file('broken.mjs')])
    assert.match(err, /could not be loaded.*shows the line\.\nSyntaxError/)
    assert.equal(code, 2)
  })
})

describe('a store that does not behave', { timeout: LONG }, () => {
  it('that never answers › fails at the deadline, with what was waited for [FAULT-2]', async () => {
    const { code, out } = await runStore('hangs', '--only', 'FENCE-5', '--case-ms', '300')
    assert.match(out, /the case was not over within \d+ ms; it waited for A's exchange insert/)
    assert.match(out, /^ {2}FAULT-2: /m)
    assert.equal(code, 1)
  })

  it('that never gives the thread back › is ended from outside, and named [FAULT-2]', async () => {
    const { code, signal, err } = await runStore('spins', '--only', 'FENCE-5', '--case-ms', '300')
    assert.match(err, /FAULT-2: .* It ran: a token › stands in the record/)
    assert.deepEqual([code, signal], [null, 'SIGKILL'])
  })

  it('that throws where nobody can catch it › is told, and ends with 1 [FAULT-4]', async () => {
    const { code, out } = await runStore('strays')
    assert.match(out, /outside every call[\s\S]*the socket was closed twice/)
    assert.equal(code, 1)
  })

  it('that leaves a timer › is told what keeps the process, and ends with 1 [CLOSE-1]', async () => {
    const { code, err } = await runStore('leavesTimers')
    assert.match(err, /CLOSE-1: .*the process: Timeout × \d+\.$/m)
    assert.equal(code, 1)
  })
})

describe('a run that is cut short', { timeout: LONG }, () => {
  it('by a signal › leaves no space behind, and ends by that signal', async () => {
    const told = file('told.txt')
    writeFileSync(told, '')
    const args = ['--module', STORES, '--export', 'tells', '--only', 'claims,changes', '--verbose']
    const { signal, err } = await runProgram(args, { TOLD: told }, (child) => {
      child.stdout?.on('data', (text: string) => {
        if (text.includes('pass') && !child.killed) child.kill('SIGINT')
      })
    })
    assert.equal(signal, 'SIGINT')
    assert.match(err, /Interrupted by SIGINT after \d+ of \d+ cases/)
    const spaces = (what: string): string[] => [
      ...new Set(
        readFileSync(told, 'utf8')
          .split('\n')
          .filter((line) => line.startsWith(what))
          .map((line) => line.slice(what.length + 1)),
      ),
    ]
    assert.ok(spaces('made').length > 1)
    assert.deepEqual(spaces('destroyed').sort(), spaces('made').sort())
  })

  it('by a reader that has seen enough › ends quietly, without playing the rest', async () => {
    const told = file('told-too.txt')
    writeFileSync(told, '')
    const args = ['--module', STORES, '--export', 'tells', '--only', 'claims,changes', '--verbose']
    const { code, err } = await runProgram(args, { TOLD: told }, (child) => {
      child.stdout?.once('data', () => child.stdout?.destroy())
    })
    assert.equal(err, '')
    assert.equal(code, 1)
    assert.ok(readFileSync(told, 'utf8').split('\n').length < 40)
  })
})

describe('without a store', { timeout: LONG }, () => {
  it('--list › prints the clauses with their cases', async () => {
    const { code, out } = await runProgram(['--list', '--only', 'FENCE-2'])
    assert.match(out, /^FENCE-2: .*\n {2}\w+: .* › .*FENCE-2/)
    assert.equal(code, 0)
  })
  it('--help › prints how it is used', async () => {
    const { code, out } = await runProgram(['--help'])
    assert.match(out, /--module FILE/)
    assert.equal(code, 0)
  })
})
