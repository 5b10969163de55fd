import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';

type Access = {
  isAsking: boolean;
  /** Show where a token is entered. */
  ask(): void;
  done(): void;
};

const Context = createContext<Access>({ isAsking: false, ask: () => {}, done: () => {} });

export function AccessProvider({ children }: { children: ReactNode }) {
  const [isAsking, setAsking] = useState(false);
  const access = useMemo(() => ({ isAsking, ask: () => setAsking(true), done: () => setAsking(false) }), [isAsking]);
  return <Context.Provider value={access}>{children}</Context.Provider>;
}

export const useAccess = (): Access => useContext(Context);
