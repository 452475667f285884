// Starts the emulator that HUBSPOT_EMULATOR names, on free ports, and stops it by its pid.
import { spawn } from 'node:child_process';

export const token = 'pat-na1-emulator';

export async function startEmulator(...flags) {
  const program = process.env.HUBSPOT_EMULATOR;
  if (!program) throw new Error('HUBSPOT_EMULATOR must name the program');
  const child = spawn(program, ['--port', '0', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const expected = flags.includes('--tls-port') ? 2 : 1;
  const addresses = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      const lines = [...text.matchAll(/^listening (https?) (\S+)\n/gm)];
      if (lines.length === expected) resolve(Object.fromEntries(lines.map(([, scheme, at]) => [scheme, `${scheme}://${at}`])));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the emulator ended with ${code}`)));
  });

  const control = async (method, path, body) => {
    const answer = await fetch(`${addresses.http}/_control/${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  return {
    http: addresses.http,
    https: addresses.https,
    control,
    counters: () => control('GET', 'counters'),
    fault: (fault) => control('POST', 'faults', fault),
    stop: async () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}
