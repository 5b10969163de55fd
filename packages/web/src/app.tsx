import { MantineProvider } from '@mantine/core';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useState } from 'react';
import { AccessProvider, useAccess } from './access/access.tsx';
import { isRefusedForWant } from './api/fetch.ts';
import { router } from './router.tsx';
import { SearchProvider } from './studies/search-state.tsx';
import { cssVariables, theme } from './theme.ts';

const STALE_MS = 2_000;
const RETRIES_MAX = 1;

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <AccessProvider>
        <Data />
      </AccessProvider>
    </MantineProvider>
  );
}

/** Server state by query; a refusal for want of a token asks for one, wherever it happens. */
function Data() {
  const { ask } = useAccess();
  const [client] = useState(
    () =>
      new QueryClient({
        queryCache: new QueryCache({ onError: (error) => isRefusedForWant(error) && ask() }),
        defaultOptions: {
          queries: {
            staleTime: STALE_MS,
            retry: (count, error) => count < RETRIES_MAX && !isRefusedForWant(error),
          },
        },
      }),
  );
  return (
    <QueryClientProvider client={client}>
      <SearchProvider>
        <RouterProvider router={router} />
      </SearchProvider>
    </QueryClientProvider>
  );
}
