import { migrate, openDatabase } from './index.ts';

/** A program that is killed while it migrates. */
const [place, set] = JSON.parse(process.argv[2] as string);
const database = await openDatabase(place);
process.stdout.write('started\n');
await migrate(database, set);
process.stdout.write('migrated\n');
await database.close();
