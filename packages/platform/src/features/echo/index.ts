export { cEcho } from './echo.scp.ts';
