/** A separate file system for a server, which can become full. Only the superuser of a machine may mount one. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, statfsSync } from 'node:fs';

export interface SmallDisk {
  /** Leaves no free block from now on, until `free`. */
  fill(): void;
  free(): void;
  /** Removes it once no program uses it. */
  remove(): void;
}

const SIZE_KB = 2 * 1024 * 1024;

/** Returns undefined if this user may not mount. */
export function mountSmallDisk(folder: string): SmallDisk | undefined {
  mkdirSync(folder);
  const run = (command: string, ...args: string[]) => spawnSync(command, [...args, folder]).status === 0;
  if (!run('mount', '-t', 'tmpfs', '-o', `size=${SIZE_KB}k,mode=0755`, 'tmpfs')) {
    rmdirSync(folder);
    return undefined;
  }
  const resize = (kb: number) => {
    if (!run('mount', '-o', `remount,size=${kb}k`)) throw new Error(`${folder}: cannot be made ${kb} kB`);
  };
  const unmount = () => void run('umount', '-l');
  process.once('exit', unmount);
  return {
    fill() {
      // Files may grow meanwhile.
      for (let attempt = 1; ; attempt++) {
        const { blocks, bfree, bsize } = statfsSync(folder);
        try {
          return resize(((blocks - bfree) * bsize) / 1024);
        } catch (error) {
          if (attempt === 20) throw error;
        }
      }
    },
    free: () => resize(SIZE_KB),
    remove() {
      process.off('exit', unmount);
      unmount();
      rmdirSync(folder);
    },
  };
}
