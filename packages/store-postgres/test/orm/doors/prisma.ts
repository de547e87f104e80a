import { PrismaPg } from '@prisma/adapter-pg'
import { fromPrisma } from '../../../src/orm/prisma.js'
import { type Prisma, PrismaClient } from '../prisma-client/client.js'
import type { Door, Inside, Place } from './door.js'

type Tx = Prisma.TransactionClient & Partial<Pick<PrismaClient, '$transaction'>>

export function prismaDoor({ url, schema, max }: Place): Door {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max }, { schema }) })
  const insideOf = (tx: Tx): Inside => ({
    tx: fromPrisma(tx),
    order: async (id) => void (await tx.order.create({ data: { id, placedBy: 'ada' } })),
    async nested(work) {
      if (!tx.$transaction) throw new Error('this Prisma has no transactions in transactions')
      await tx.$transaction((inner) => work(insideOf(inner)))
    },
  })
  return {
    name: 'prisma',
    transaction: (work, isolation) =>
      prisma.$transaction((tx) => work(insideOf(tx)), {
        timeout: 20_000,
        ...(isolation && { isolationLevel: 'RepeatableRead' }),
      }),
    mistake: () => fromPrisma(prisma as never),
    tellsStatus: false,
    close: () => prisma.$disconnect(),
  }
}
